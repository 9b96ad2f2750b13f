"""The parameters of an engine as text and numbers, as a testbench's configuration has them."""

from typing import Any

from golden.formats import IntegerFormat
from golden.names import parse_name
from golden.scheme import Scheme
from hw.config import EngineConfig
from hw.multiplier_kind import MultiplierKind

__all__ = ["engine_config"]


def engine_config(**parameters: Any) -> EngineConfig:
    """Return the configuration; formats and multipliers are names, schemes a list of them."""
    converted = dict(parameters)
    for name in ("activation", "weight", "output"):
        if name in converted:
            converted[name] = IntegerFormat.parse(converted[name])
    if "schemes" in converted:
        converted["schemes"] = frozenset(Scheme[name] for name in converted["schemes"])
    if "multiplier" in converted:
        converted["multiplier"] = parse_name(MultiplierKind, converted["multiplier"])
    return EngineConfig(**converted)
