"""The parameters of an engine as text and numbers, as a testbench's configuration has them."""

from typing import Any

from golden.formats import IntegerFormat
from golden.scheme import Scheme
from hw.config import EngineConfig

__all__ = ["engine_config"]


def engine_config(**parameters: Any) -> EngineConfig:
    """Return the configuration; formats are names like `int4`, schemes a list of their names."""
    converted = dict(parameters)
    for name in ("activation", "weight", "output"):
        if name in converted:
            converted[name] = IntegerFormat.parse(converted[name])
    if "schemes" in converted:
        converted["schemes"] = frozenset(Scheme[name] for name in converted["schemes"])
    return EngineConfig(**converted)
