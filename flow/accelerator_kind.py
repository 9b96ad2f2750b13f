"""The accelerators that a board can carry, and how its file and options tell their sizes."""

from collections.abc import Mapping
from dataclasses import replace
from enum import Enum
from typing import TypeAlias

from flow.engine_options import MEMORIES
from hw.accelerator_config import AcceleratorConfig
from hw.config import EngineConfig
from hw.gemm_accelerator_config import GemmAcceleratorConfig

__all__ = ["AcceleratorKind", "AnyConfig", "changed_config", "made_config"]

AnyConfig: TypeAlias = AcceleratorConfig | GemmAcceleratorConfig


class AcceleratorKind(Enum):
    """What runs on a board."""

    PROGRAMS = "programs"
    """`hw.accelerator.Accelerator`: programs, which do the whole of a network."""
    JOBS = "jobs"
    """`hw.gemm_accelerator.GemmAccelerator`: matrix products, and the host does the rest."""


def made_config(kind: AcceleratorKind, engine: EngineConfig, sizes: Mapping[str, int]) -> AnyConfig:
    """Return the configuration of an accelerator whose memories have the sizes that are given.

    Raises
    ------
    TypeError, ValueError
        The configuration refuses them.
    """
    if kind is AcceleratorKind.PROGRAMS:
        return AcceleratorConfig(engine=engine, **sizes)
    given = dict(sizes)
    if "activation_bytes" in given:
        given["activation_words"] = _words(given.pop("activation_bytes"), engine.rows)
    if "program_words" in given:
        given["job_words"] = given.pop("program_words")
    return GemmAcceleratorConfig(engine, **given)


def changed_config(config: AnyConfig, engine: EngineConfig, sizes: Mapping[str, int]) -> AnyConfig:
    """Return a configuration of the same kind with another engine and some other sizes; as above.

    The bytes of the activation memory stay the same, whatever the array.
    """
    if not config.gemm:
        changed: AcceleratorConfig = replace(config, engine=engine, **sizes)
        return changed
    kept = {name: getattr(config, name) for name in MEMORIES}
    return made_config(AcceleratorKind.JOBS, engine, kept | dict(sizes))


def _words(size: int, rows: int) -> int:
    if not isinstance(size, int) or isinstance(size, bool):
        raise TypeError(f"activation_bytes must be an integer, not {size!r}")
    if size % rows:
        raise ValueError(f"activation_bytes must be a multiple of the {rows} rows, not {size}")
    return size // rows
