"""What is explored: designs with their work, and points, which are designs placed from a seed."""

from dataclasses import dataclass

from flow.hardware_verilog import description
from flow.parts import PARTS, Part
from hw.accelerator_config import AcceleratorConfig
from sim.build_cache import content_hash

__all__ = ["Design", "Point", "Work"]


@dataclass(frozen=True)
class Work:
    """One inference on an accelerator.

    Parameters
    ----------
    cycles : that its programs take, without the link's
    products : multiply-accumulates that its layers have
    """

    cycles: int
    products: int


@dataclass(frozen=True)
class Design:
    """An accelerator in a part.

    Parameters
    ----------
    config : of the accelerator
    part : its name
    speed : grade of it; empty if there is only one
    work : what it has to do
    """

    config: AcceleratorConfig
    part: str
    speed: str
    work: Work

    @property
    def of_part(self) -> Part:
        """What is known of the part."""
        return PARTS[self.part]

    @property
    def memory_bytes(self) -> int:
        """Of all memories together."""
        config = self.config
        bits = (
            config.activation_bytes * 8
            + config.weight_words * config.engine.cols * config.engine.weight.bits
            + config.parameter_words * config.parameter_word.layout.size
            + config.program_words * 32
        )
        return int(bits) // 8

    @property
    def name(self) -> str:
        """Its engine and its part, for a person."""
        engine = self.config.engine
        lanes = f"{engine.lanes} lane{'s' if engine.lanes > 1 else ''}"
        part = f"{self.part}-{self.speed}" if self.speed else self.part
        return f"{engine.rows}x{engine.cols}, {lanes}, {engine.multiplier.value}, {part}"


@dataclass(frozen=True)
class Point:
    """A design that is placed and routed.

    Parameters
    ----------
    design : what
    seed : of the placer
    frequency : that is aimed at, in MHz
    """

    design: Design
    seed: int
    frequency: float

    @property
    def name(self) -> str:
        """For a person."""
        return f"{self.design.name}, seed {self.seed}"

    def key(self, fingerprint: str) -> str:
        """Name of its result, given the fingerprint of the sources and tools.

        What the accelerator has to run has no part in it, but for the sizes of the memories.
        """
        design = self.design
        return content_hash(
            description(design.config),
            design.part,
            design.speed,
            f"{self.seed}",
            f"{self.frequency:g}",
            fingerprint,
        )
