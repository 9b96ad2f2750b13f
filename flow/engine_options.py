"""The options of a command that takes a GEMM engine, or an accelerator's memories."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from hw.multiplier_kind import MultiplierKind

if TYPE_CHECKING:
    from hw.config import EngineConfig

__all__ = ["ENGINE", "MEMORIES", "SCHEMES", "engine_config", "engine_options", "memory_options"]

_Command = Callable[..., Any]

SCHEMES = "float32,fixed,shift"
"""All requantization schemes, as --schemes has them."""

# A type, a help text, and what it says the default is where there is none.
_Kinds = Mapping[str, tuple[Any, str, str]]

_ENGINE: _Kinds = {
    "rows": (int, "Rows: the reduction axis.", "8"),
    "cols": (int, "Columns: output channels.", "8"),
    "group": (int, "Rows that share a time step: 1, 2 or 4.", "most"),
    "lanes": (int, "Requantizers, a divisor of the columns.", "one a column"),
    "depth": (int, "Rows of activations in a pass.", "512"),
    "schemes": (str, "Requantization schemes, separated by commas.", "all"),
    "multiplier": (
        click.Choice([kind.value for kind in MultiplierKind]),
        "What elements multiply with: any tool's Verilog, or a part's own blocks.",
        MultiplierKind.PORTABLE.value,
    ),
    "dsp_rows": (int, "Rows that multiply with it; the others with look-up tables.", "all"),
    "dsp_cols": (int, "Columns that multiply with it.", "all"),
}

_MEMORIES: _Kinds = {
    "activation_bytes": (int, "Activation memory.", "enough"),
    "weight_words": (int, "Weight memory.", "enough"),
    "parameter_words": (int, "Parameter memory.", "enough"),
    "program_words": (int, "Program memory.", "enough"),
}

ENGINE = tuple(_ENGINE)
"""Names of the options of an engine, which are those of `hw.config.EngineConfig`."""

MEMORIES = tuple(_MEMORIES)
"""Names of the options of memories, which are those of `hw.accelerator_config`."""


def engine_options(*, unset: str | None = None, **defaults: Any) -> Callable[[_Command], _Command]:
    """Add options to a command, which gets their values as the dictionary ``engine``.

    Parameters
    ----------
    unset
        What the help says that an option without a default is, if not what the engine takes.
    defaults
        The options, by the names of `hw.config.EngineConfig`, in the order of the help; None if
        the engine has a default of its own.
    """
    return _options("engine", _ENGINE, defaults, unset)


def memory_options(
    *, unset: str | None = None, **defaults: int | None
) -> Callable[[_Command], _Command]:
    """Add options as `engine_options` does, by the names of `hw.accelerator_config`: ``memories``.

    None stands for a memory that is just large enough.
    """
    return _options("memories", _MEMORIES, defaults, unset)


def _options(
    argument: str, kinds: _Kinds, defaults: Mapping[str, Any], otherwise: str | None
) -> Callable[[_Command], _Command]:
    def decorate(function: _Command) -> _Command:
        @wraps(function)
        def collecting(*positional: Any, **given: Any) -> Any:
            values = {name: given.pop(name) for name in defaults}
            return function(*positional, **{argument: values}, **given)

        command: _Command = collecting
        for name, default in reversed(list(defaults.items())):
            kind, text, unset = kinds[name]
            known = default is not None
            command = click.option(
                f"--{name.replace('_', '-')}",
                type=kind,
                default=default,
                show_default=known,
                help=text if known else f"{text}  [default: {otherwise or unset}]",
            )(command)
        return command

    return decorate


def engine_config(options: Mapping[str, Any], **more: Any) -> "EngineConfig":
    """Return the engine that options ask for, with more parameters that are not options.

    Raises
    ------
    TypeError, ValueError
        `hw.config.EngineConfig` refuses them.
    """
    from golden.names import parse_name
    from golden.scheme import Scheme
    from hw.config import EngineConfig

    parameters = {name: value for name, value in options.items() if value is not None} | more
    if "schemes" in parameters:
        names = parameters["schemes"].split(",")
        parameters["schemes"] = frozenset(parse_name(Scheme, name.strip()) for name in names)
    if "multiplier" in parameters:
        parameters["multiplier"] = MultiplierKind(parameters["multiplier"])
    return EngineConfig(**parameters)
