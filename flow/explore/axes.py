"""The axes of a space: their names, what a value looks like, and what they are without any."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flow.errors import UserError
from flow.parts import find_part
from golden.names import parse_name
from golden.scheme import Scheme
from hw.multiplier_kind import MultiplierKind

__all__ = ["AXES", "Axis", "parse_axes", "read_axes"]

_SCHEMES = frozenset({Scheme.FLOAT32, Scheme.FIXED, Scheme.SHIFT})


@dataclass(frozen=True)
class Axis:
    """One of the parameters that are explored.

    Parameters
    ----------
    parse : of the text of one value; raises ValueError or UserError
    default : texts of its values, with commas between
    about : one line for the help
    """

    parse: Callable[[str], Any]
    default: str
    about: str


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"a value must be an integer, not {text!r}") from None


def _word_or_integer(word: str) -> Callable[[str], int | None]:
    """Integers, or a word for None, which leaves the choice to the configuration or the work."""

    def parse(text: str) -> int | None:
        if text.lstrip("-").isdecimal() or text == word:
            return None if text == word else int(text)
        raise ValueError(f"a value must be an integer or {word}, not {text!r}")

    return parse


def _schemes(text: str) -> frozenset[Scheme]:
    if text == "all":
        return _SCHEMES
    return frozenset(parse_name(Scheme, name) for name in text.split("+"))


def _multiplier(text: str) -> MultiplierKind | None:
    return None if text == "native" else parse_name(MultiplierKind, text)


def _speed(text: str) -> str | None:
    return None if text == "slowest" else text


def _memory(what: str) -> Axis:
    return Axis(_word_or_integer("enough"), "enough", f"{what}, or enough.")


AXES: Mapping[str, Axis] = {
    "part": Axis(lambda text: find_part(text).name, "LFE5U-85F", "Parts."),
    "speed": Axis(_speed, "slowest", "Speed grades, or slowest."),
    "rows": Axis(_integer, "4,8", "Rows of the array: the reduction axis."),
    "cols": Axis(_integer, "4,8", "Columns: output channels."),
    "group": Axis(_word_or_integer("most"), "most", "Rows that share a time step, or most."),
    "lanes": Axis(_word_or_integer("all"), "all", "Requantizers, or all: one a column."),
    "schemes": Axis(_schemes, "all", "Requantization schemes with + between, or all."),
    "multiplier": Axis(
        _multiplier,
        "native",
        f"What elements multiply with: {', '.join(kind.value for kind in MultiplierKind)}, "
        "or native: the part's own.",
    ),
    "dsp_rows": Axis(_word_or_integer("all"), "all", "Rows that have those; others have LUTs."),
    "dsp_cols": Axis(_word_or_integer("all"), "all", "Columns that have those; others have LUTs."),
    "depth": Axis(_integer, "512", "Rows of activations in a pass."),
    "activation_bytes": _memory("Bytes of the activation memory"),
    "weight_words": _memory("Words of the weight memory"),
    "parameter_words": _memory("Words of the parameter memory"),
    "program_words": _memory("Words of the program memory"),
    "seeds": Axis(_integer, "1", "Seeds of the placer; their median counts."),
}
"""All of them, in the order of the tables."""


def read_axes(path: Path) -> dict[str, str]:
    """Return the texts of the axes in a TOML file, where values are single ones or lists.

    Raises
    ------
    UserError
        The file cannot be read, is no TOML, or has another key.
    """
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise UserError(f"{path} must be TOML: {error}") from error
    texts = {}
    for key, value in told.items():
        name = key.replace("-", "_")
        if name not in AXES:
            raise UserError(f"a key of {path} must be one of {', '.join(AXES)}, not {key!r}")
        values = value if isinstance(value, list) else [value]
        if not all(isinstance(each, int | str) and each is not True for each in values):
            raise UserError(f"{key} of {path} must be a number, a word or a list, not {value!r}")
        texts[name] = ",".join(map(str, values))
    return texts


def parse_axes(texts: Mapping[str, str]) -> dict[str, list[Any]]:
    """Return the values of every axis, each once; axes without a text have their default.

    Raises
    ------
    UserError
        A value is not one.
    """
    return {name: _values(name, texts.get(name, axis.default)) for name, axis in AXES.items()}


def _values(name: str, text: str) -> list[Any]:
    values = []
    for each in text.split(","):
        word = each.strip()
        try:
            values.append(AXES[name].parse(word))
        except (ValueError, UserError) as error:
            raise UserError(f"--{name.replace('_', '-')}: {error}") from error
    return list(dict.fromkeys(values))
