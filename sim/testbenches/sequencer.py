"""Sequencer: every unit gets its part of every instruction, however the others stall."""

from collections.abc import Sequence
from typing import Any

import cocotb
import numpy as np
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.data import StructLayout

from golden.program_error import ProgramError
from hw.accelerator_config import AcceleratorConfig
from hw.activation_reader import ActivationReader
from hw.checked_instruction import CheckedInstruction
from hw.instruction import INSTRUCTION, Opcode
from hw.instruction_fetch import InstructionFetch
from hw.job_layout import job_layout
from hw.narrow_instruction import NarrowInstruction
from hw.output_writer import OutputWriter
from hw.register_map import State
from hw.sequencer import Sequencer
from hw.word_memory import WordMemory
from sim import clock
from sim.accelerator_bench import words_of
from sim.accelerator_parameters import accelerator_config
from sim.environment import generator, parameters
from sim.instruction_rules import FOLDED, draw_matmul, narrowed
from sim.stalls import StallPattern
from sim.streams import StreamMonitor
from sim.testbench import Testbench

HALT = INSTRUCTION.encode({"opcode": Opcode.HALT})
UNITS = ("weights", "parameters", "passes", "activations", "outputs")
HOST = ("i_host", "host_address", "host_write", "host_data")

Fields = dict[str, Any]


class _Programmed(wiring.Component):  # type: ignore[misc]
    """A sequencer with its program memory."""

    def __init__(self, config: AcceleratorConfig) -> None:
        self.sequencer = Sequencer(config)
        beats = config.instructions * InstructionFetch.BEATS
        self.memory = WordMemory(InstructionFetch.BEAT_BITS, depth=beats)
        own, memory = self.sequencer.signature.members, self.memory.signature.members
        self._names = [name for name in own if name != "program"]
        super().__init__(
            {name: own[name] for name in self._names} | {name: memory[name] for name in HOST}
        )

    def elaborate(self, platform: Any) -> Any:
        m = Module()
        m.submodules.sequencer = sequencer = self.sequencer
        m.submodules.memory = memory = self.memory
        wiring.connect(m, sequencer.program, memory.unit)
        m.d.comb += [getattr(memory, name).eq(getattr(self, name)) for name in HOST]
        for name in self._names:
            inner, own = getattr(sequencer, name), getattr(self, name)
            if name[2:] in UNITS:
                wiring.connect(m, inner, wiring.flipped(own))
            elif name.startswith("i_"):
                m.d.comb += inner.eq(own)
            else:
                m.d.comb += own.eq(inner)
        return m


def _build(**sizes: Any) -> Any:
    return _Programmed(accelerator_config(**sizes))


TESTBENCH = Testbench(
    build=_build,
    everyday=[{"rows": 4, "cols": 3, "depth": 16, "program_words": 512}],
    long=[
        {"rows": 8, "cols": 8, "depth": 512, "program_words": 1024},
        {"rows": 2, "cols": 2, "depth": 32, "program_words": 512, "activation_bytes": 2048},
    ],
)


def _draw_places(random: np.random.Generator, config: AcceleratorConfig) -> Fields:
    """Draw what addresses are made of; half of what may be is more than the memory has bytes."""
    size, fields = config.activation_bytes, {}
    for name in FOLDED:
        most = INSTRUCTION[name].range[1]
        if random.random() < 0.5:
            most = min(most, size - 1)
        fields[name] = int(random.choice([most, int(random.integers(most + 1))]))
    for name in ("x_start", "y_start", "row_bytes", "image_rows"):
        low, high = INSTRUCTION[name].range
        low, high = max(low, -size), min(high, size - 1 if low else size)
        fields[name] = int(random.choice([low, high, int(random.integers(low, high + 1))]))
    return fields


def _narrowed(narrow: NarrowInstruction, fields: Fields, names: Sequence[str]) -> Fields:
    return narrowed(narrow, {name: fields.get(name, 0) for name in names})


def _jobs(config: AcceleratorConfig, program: list[Fields]) -> dict[str, list[int]]:
    """What each unit must get."""
    checked, engine = CheckedInstruction(config), config.engine
    narrow = NarrowInstruction(config)
    jobs: dict[str, list[int]] = {name: [] for name in UNITS}
    drained = 0
    for fields in program:
        tile = fields["steps_ky"] * fields["steps_kx"] * fields["steps_kc"]
        tiles = fields["tiles_n"]
        parts: dict[str, tuple[StructLayout, dict[str, Any]]] = {
            "weights": (
                checked["weights"].shape,
                {
                    "address": fields["weight_address"],
                    "words_minus_1": tiles * tile * engine.rows - 1,
                },
            ),
            "passes": (
                checked["passes"].shape,
                {
                    "tiles_minus_1": tiles - 1,
                    "passes_minus_1": tile - 1,
                    "rows_minus_1": fields["rows_y"] * fields["rows_x"] - 1,
                    **{name: fields[name] for name in ("first", "rest", "drain")},
                },
            ),
            "activations": (
                job_layout(*ActivationReader.FIELDS, instruction=narrow, wait_for=4),
                _narrowed(narrow, fields, ActivationReader.FIELDS) | {"wait_for": drained % 16},
            ),
        }
        if fields["drain"]:
            drained += 1
            parts["parameters"] = (
                checked["parameters"].shape,
                {
                    "address": fields["parameter_address"],
                    "words_minus_1": tiles * engine.cols - 1,
                },
            )
            parts["outputs"] = (
                job_layout(*OutputWriter.FIELDS, instruction=narrow),
                _narrowed(narrow, fields, OutputWriter.FIELDS),
            )
        for name, (layout, values) in parts.items():
            jobs[name].append(int(layout.const(values).as_bits()))
    return jobs


class _Units:
    """Stands for the units: takes their jobs, and says some time later that they are done."""

    def __init__(self, dut: Any, stalls: dict[str, StallPattern], delay: int) -> None:
        self.monitors = {
            name: StreamMonitor(dut, f"o_{name}", stalls=stalls.get(name, StallPattern.NEVER))
            for name in UNITS
        }
        cocotb.start_soon(self._report(dut, delay))

    async def _report(self, dut: Any, delay: int) -> None:
        edge = clock.edge(dut)
        ports = {"activations": dut.i_read, "outputs": dut.i_written}
        done = dict.fromkeys(ports, 0)
        while True:
            await edge
            for name, port in ports.items():
                taken = self.monitors[name].cycles
                while done[name] < len(taken) and taken[done[name]] + delay < clock.cycle():
                    done[name] += 1
                assert len(taken) - done[name] < 16, f"jobs of {name} that are under way"
                port.value = done[name] % 16


async def _load(dut: Any, program: list[int]) -> None:
    dut.i_host.value = 1
    for n, word in enumerate(words_of(program, 32 * INSTRUCTION.words)):
        dut.host_address.value = n
        dut.host_data.value = word
        dut.host_write.value = 1
        await clock.edge(dut)
    dut.host_write.value = 0
    dut.i_host.value = 0
    await clock.edge(dut)


async def _run(
    dut: Any, program: list[Fields], stalls: dict[str, StallPattern], *, delay: int
) -> tuple[_Units, int]:
    """Run a program to its end, and return what the units saw and the cycle of the start."""
    config = accelerator_config(**parameters())
    await clock.start(dut)
    await _load(dut, [*(INSTRUCTION.encode(fields) for fields in program), HALT])
    units = _Units(dut, stalls, delay)
    dut.i_run.value = 1
    dut.i_address.value = 0
    await clock.edge(dut)
    start = clock.cycle()
    dut.i_run.value = 0
    for _ in range(1000 + 400 * len(program)):
        await clock.edge(dut)
        if int(dut.o_state.value) != State.RUNNING.value and clock.cycle() > start + 1:
            break
    assert int(dut.o_state.value) == State.DONE.value
    assert int(dut.o_error.value) == ProgramError.NONE
    for name, jobs in _jobs(config, program).items():
        assert units.monitors[name].beats == jobs, f"jobs of {name}"
    return units, start


def _draw(key: str, count: int) -> list[Fields]:
    config, random = accelerator_config(**parameters()), generator(key)
    return [
        draw_matmul(random, config)
        | _draw_places(random, config)
        | {"wait": int(random.integers(2))}
        for _ in range(count)
    ]


@cocotb.test()
@cocotb.parametrize(name=UNITS, pattern=[pattern.name for pattern in StallPattern])
async def one_unit_stalls(dut: Any, name: str, pattern: str) -> None:
    """The others get their jobs nevertheless, each once and in order."""
    await _run(dut, _draw("one", 12), {name: StallPattern[pattern]}, delay=5)


@cocotb.test()
@cocotb.parametrize(delay=[1, 300])
async def all_units_stall(dut: Any, delay: int) -> None:
    """Each on its own; units that finish late have up to 15 jobs under way."""
    stalls = dict.fromkeys(UNITS, StallPattern.RANDOM)
    await _run(dut, _draw("all", 30), stalls, delay=delay)


@cocotb.test()
async def start_and_rate(dut: Any) -> None:
    """The first jobs come `START_LATENCY` cycles after the start, then one every four cycles."""
    units, start = await _run(dut, _draw("rate", 30), {}, delay=5)
    cycles = units.monitors["weights"].cycles
    assert cycles[0] - start == Sequencer.START_LATENCY
    assert (np.diff(cycles) == InstructionFetch.BEATS).all(), f"cycles {cycles}"
