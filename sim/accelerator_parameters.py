"""The parameters of an accelerator as text and numbers, as a testbench's configuration has them."""

from dataclasses import fields
from typing import Any

from hw.accelerator_config import AcceleratorConfig
from hw.gemm_accelerator_config import GemmAcceleratorConfig
from sim.engine_parameters import engine_config

__all__ = ["accelerator_config", "gemm_accelerator_config"]


def accelerator_config(**parameters: Any) -> AcceleratorConfig:
    """Return the configuration; what is not the size of a memory belongs to the engine."""
    return _config(AcceleratorConfig, parameters)


def gemm_accelerator_config(**parameters: Any) -> GemmAcceleratorConfig:
    """Return the configuration of an accelerator of jobs, likewise."""
    return _config(GemmAcceleratorConfig, parameters)


def _config(kind: type[Any], parameters: dict[str, Any]) -> Any:
    names = {field.name for field in fields(kind)} - {"engine"}
    memories = {name: value for name, value in parameters.items() if name in names}
    engine = {name: value for name, value in parameters.items() if name not in names}
    return kind(engine_config(**engine), **memories)
