"""Cells after synthesis, without a harness, for each family with what its blocks are best at."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from amaranth.hdl import signed

from bench.designs import ACCELERATORS, DESIGNS
from bench.timing import print_table
from flow.parts import Family
from flow.synthesis import synthesize
from golden.scheme import Scheme
from hw.accelerator_config import AcceleratorConfig
from hw.accelerator_uart import AcceleratorUart
from hw.config import EngineConfig
from hw.multiplier_kind import MultiplierKind
from hw.multiplier_pair import MultiplierPair

FOLDER = Path("build/bench/area")
KINDS = {
    Family.ECP5: MultiplierKind.ECP5,
    Family.ICE40: MultiplierKind.ICE40,
    Family.GOWIN: MultiplierKind.PORTABLE,
    Family.XC7: MultiplierKind.XC7,
}
BYTE = signed(8)
COLUMNS = ["design", "family", "multiplier", "LUT", "FF", "DSP", "block memories", "LUT memories"]


def run() -> None:
    """Print the table. Look-up tables of memory count beside the others."""
    print_table(COLUMNS, [measure(*design) for design in designs()])


def designs() -> Iterator[tuple[str, Callable[[], Any], Family, MultiplierKind]]:
    """Every component with the family and the kind of multiplier that it is measured for."""
    kind = MultiplierKind.ICE40
    yield "two multipliers", partial(MultiplierPair, BYTE, BYTE, kind=kind), Family.ICE40, kind
    for family, kind in KINDS.items():
        for design in DESIGNS:
            if design.rows <= 8:
                yield design.name, partial(design.build, kind), family, kind
        yield "accelerator 4 x 4", partial(accelerator, kind), family, kind
    kind = KINDS[Family.ECP5]
    for design in ACCELERATORS:
        yield design.name, partial(design.build, kind), Family.ECP5, kind


def accelerator(kind: MultiplierKind) -> AcceleratorUart:
    """A small one: four rows and columns, one lane and scheme, memories of a few kilobytes."""
    engine = EngineConfig(
        rows=4, cols=4, lanes=1, depth=64, schemes=frozenset({Scheme.FLOAT32}), multiplier=kind
    )
    memories = {"activation_bytes": 8192, "weight_words": 512, "parameter_words": 64}
    config = AcceleratorConfig(engine=engine, program_words=128, **memories)
    return AcceleratorUart(config, divisor=104)


def measure(name: str, build: Callable[[], Any], family: Family, kind: MultiplierKind) -> list[str]:
    """The numbers of a row."""
    counts = synthesize(build(), "dut", family, FOLDER).counts
    cells = (
        counts.luts,
        counts.flip_flops,
        counts.multipliers,
        counts.memories,
        counts.lut_memories,
    )
    return [name, family.value, kind.value, *map(str, cells)]
