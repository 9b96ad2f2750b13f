"""The parameters of an accelerator as text and numbers, as a testbench's configuration has them."""

from dataclasses import fields
from typing import Any

from hw.accelerator_config import AcceleratorConfig
from sim.engine_parameters import engine_config

__all__ = ["accelerator_config"]

_MEMORIES = {field.name for field in fields(AcceleratorConfig)} - {"engine"}


def accelerator_config(**parameters: Any) -> AcceleratorConfig:
    """Return the configuration; what is not the size of a memory belongs to the engine."""
    memories = {name: value for name, value in parameters.items() if name in _MEMORIES}
    engine = {name: value for name, value in parameters.items() if name not in _MEMORIES}
    return AcceleratorConfig(engine_config(**engine), **memories)
