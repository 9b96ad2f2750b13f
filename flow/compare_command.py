"""`lastbit compare`: two files of numbers, element by element."""

import re
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt

from flow.errors import UserError, user_input
from flow.files import ByteOrder, FileKind, read_array
from flow.word_format import WordFormat, WordKind
from golden.compare import Comparison, compare
from golden.diagnose import Explanation, Unrounded, diagnose, report

__all__ = ["command"]

AnyArray = npt.NDArray[Any]
Shape = tuple[int, ...]

ACCUMULATOR = WordFormat(WordKind.SIGNED, 32)


@dataclass(frozen=True)
class _Reader:
    """How files are read: what is given for all of them."""

    fmt: WordFormat | None
    shape: Shape | None
    byte_order: ByteOrder
    allow_nan: bool

    def __call__(self, path: Path, fmt: WordFormat | None = None) -> AnyArray:
        values = read_array(path, self.fmt or fmt, self.shape, byte_order=self.byte_order)
        if values.dtype.kind == "f" and not self.allow_nan and np.isnan(values).any():
            index = np.unravel_index(int(np.isnan(values).argmax()), values.shape)
            place = ", ".join(map(str, map(int, index)))
            raise UserError(f"{path} holds NaN at [{place}]; --allow-nan takes two NaNs as equal")
        return values


def _format(ctx: click.Context, parameter: click.Parameter, text: str | None) -> WordFormat | None:
    with user_input("--format"):
        return None if text is None else WordFormat.parse(text)


def _shape(ctx: click.Context, parameter: click.Parameter, text: str | None) -> Shape | None:
    if text is None:
        return None
    if not re.fullmatch(r"[1-9][0-9]*([x,][1-9][0-9]*)*", text):
        raise UserError(f"--shape: a shape is written like 64 or 64x48, not {text!r}")
    return tuple(map(int, re.split("[x,]", text)))


@click.command(name="compare")
@click.argument("actual", type=click.Path(path_type=Path))
@click.argument("expected", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "fmt",
    callback=_format,
    metavar="FORMAT",
    help="What the words are: int8, uint12, int32, float32 ... By default that of a .npy.",
)
@click.option(
    "--shape",
    callback=_shape,
    metavar="ROWSxCOLS",
    help="Shape of both files. By default that of a .npy or .csv.",
)
@click.option(
    "--byte-order",
    type=click.Choice(["little", "big"]),
    default="little",
    show_default=True,
    help="Of .bin files.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="Also list the first N differences.",
)
@click.option("--allow-nan", is_flag=True, help="Take NaN as a value; two NaNs are equal.")
@click.option(
    "--before",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What was rounded to give EXPECTED, to name rounding and overflow rules: "
    "floats in units of the last place, or integers with --shift.",
)
@click.option(
    "--shift",
    type=click.IntRange(0, 63),
    default=0,
    metavar="N",
    help="The integers of --before were divided by 2^N.",
)
@click.option("--zero-point", type=int, metavar="Z", help="The zero point of the data, if known.")
def command(
    actual: Path,
    expected: Path,
    fmt: WordFormat | None,
    shape: Shape | None,
    byte_order: str,
    limit: int,
    allow_nan: bool,
    before: Path | None,
    shift: int,
    zero_point: int | None,
) -> None:
    """Compare the numbers of two files; where they differ, say how much and the likely cause.

    ACTUAL (the hardware's) and EXPECTED (the model's) are .npy, .hex (a word a line, as $readmemh
    reads it), .bin (raw words) or .csv. The exit status is 0 if they are equal, 1 if not, 2 if they
    cannot be compared.
    """
    if shift and before is None:
        raise UserError("--shift is about --before; give both or none")
    reader = _Reader(fmt, shape, ByteOrder(byte_order), allow_nan)
    a, e = _read_pair(reader, actual, expected)
    with user_input(f"{actual} and {expected}"):
        result = compare(a, e, limit=limit)
    if result.equal:
        click.echo(str(result))
        return
    word = fmt or WordFormat.of(e.dtype)
    origin = None if before is None else _origin(reader, before, shift, zero_point, word, e.shape)
    with user_input(str(expected if before is None else before)):
        found = diagnose(a, e, origin, zero_point=zero_point, format=word.integer)
    click.echo(str(result))
    click.echo(_cause(result, found, is_origin_known=origin is not None))
    raise click.exceptions.Exit(1)


def _read_pair(reader: _Reader, actual: Path, expected: Path) -> tuple[AnyArray, AnyArray]:
    """Read both; a .npy says what the numbers of the other are and how they are arranged."""
    if FileKind.of(actual) is FileKind.NPY:
        a = reader(actual)
        e = reader(expected, _unless_npy(expected, a))
    else:
        e = reader(expected)
        a = reader(actual, _unless_npy(actual, e))
    if a.size != e.size:
        raise UserError(
            f"{actual} holds {a.size} numbers and {expected} {e.size}; is one of them cut short?"
        )
    if a.shape != e.shape and _is_flat(actual, a, e):
        a = a.reshape(e.shape)
    elif a.shape != e.shape and _is_flat(expected, e, a):
        e = e.reshape(a.shape)
    if a.shape != e.shape:
        raise UserError(
            f"{actual} has the shape {_times(a.shape)} and {expected} {_times(e.shape)}; "
            f"--shape {_times(e.shape)} reads both so"
        )
    return a, e


def _unless_npy(path: Path, other: AnyArray) -> WordFormat | None:
    return None if FileKind.of(path) is FileKind.NPY else WordFormat.of(other.dtype)


def _is_flat(path: Path, values: AnyArray, other: AnyArray) -> bool:
    """Whether the kind of the file cannot say the shape that the other has."""
    kind = FileKind.of(path)
    return kind is not FileKind.NPY and (
        values.ndim == 1 or (kind is FileKind.CSV and other.ndim > 2)
    )


def _times(shape: Shape) -> str:
    return "x".join(map(str, shape)) or "of one number"


def _origin(
    reader: _Reader,
    path: Path,
    shift: int,
    zero_point: int | None,
    word: WordFormat,
    shape: Shape,
) -> Unrounded:
    if word.integer is None:
        raise UserError(f"--before needs integers of up to 32 bits, not {word}; give --format")
    fmt = None if FileKind.of(path).is_typed else ACCUMULATOR
    values = read_array(path, fmt, byte_order=reader.byte_order)
    if values.size != prod(shape):
        raise UserError(
            f"{path} holds {values.size} numbers and the data {prod(shape)}; is it of this data?"
        )
    with user_input(str(path)):
        return Unrounded(values.reshape(shape), word.integer, shift, zero_point or 0)


def _cause(result: Comparison, found: list[Explanation], *, is_origin_known: bool) -> str:
    largest = result.largest
    is_rounding = largest is not None and largest.units in (-1, 1)
    text = report(found)
    if not found and is_rounding and not is_origin_known:
        text += (
            "\nevery difference is one in the last place, as another rounding rule gives it: "
            "--before FILE names the rule"
        )
    return text
