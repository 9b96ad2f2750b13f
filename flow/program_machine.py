"""What runs a program: the golden model, or an accelerator behind a carrier."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

import numpy as np
import numpy.typing as npt

from flow.board_port import BoardPort
from flow.compiled_program import CompiledProgram
from flow.errors import UserError
from flow.gemm_cycles import gemm_cycles
from flow.gemm_machine import GemmMachine
from flow.gemm_program import GemmProgram
from flow.gemm_twin import GemmTwin
from flow.hardware_verilog import TOP, accelerator_verilog
from flow.host import Host
from flow.host_words import number_words
from flow.job import Level, Place
from flow.machine_run import Machine, MachineRun, Program, Tensors
from flow.netlist_level import NetlistLevel
from flow.netlist_verilog import netlist_verilog
from golden.program import Counters, run_program
from hw.accelerator_axi import AcceleratorAxi
from hw.host_port import HostMemory
from hw.word_memory import host_stride
from sim.errors import SimulationError
from sim.simulated_link import open_link
from sim.simulator import Simulator

__all__ = ["GoldenMachine", "HostMachine", "open_machine"]

Int8Array = npt.NDArray[np.int8]

_PACKET_SECONDS = 1e-3


class GoldenMachine:
    """The NumPy model."""

    def __init__(self, program: CompiledProgram) -> None:
        self._program = program

    def run(self, inputs: Tensors) -> MachineRun:
        """Run on memories that hold zeros and the inputs."""
        program, engine = self._program, self._program.config.engine
        memories = program.memories(inputs)
        counters = run_program(
            program.instructions,
            memories,
            rows=engine.rows,
            cols=engine.cols,
            depth=engine.depth,
            accumulator_bits=engine.accumulator_bits,
        )
        names = program.tensors
        tensors = {name: program.read_tensor(memories.activation, name) for name in names}
        return MachineRun(tensors, counters)


class HostMachine:
    """An accelerator behind a host driver, loaded once.

    Parameters
    ----------
    program
        It must be for the configuration that the accelerator has.
    host
        Over any carrier.
    patience
        Seconds of the carrier's time that a run may take.

    Raises
    ------
    OtherHardwareError
        The accelerator is another one.
    """

    def __init__(self, program: CompiledProgram, host: Host, *, patience: float) -> None:
        self._program = program
        self._host = host
        self._patience = patience
        config, parameter = program.config, program.config.parameter_word.layout
        host.check(config)
        for memory, values, stride in (
            (HostMemory.PROGRAM, program.program_words(), 1),
            (HostMemory.WEIGHT, program.weight_words(), host_stride(config.weight_row)),
            (HostMemory.PARAMETER, program.parameter_words(), host_stride(parameter)),
        ):
            if values:
                host.write(memory, 0, number_words(values, stride))
        for place in program.tensors.values():
            # The rest of a tensor's last word is read with it, and nothing else writes it.
            if place.type.bytes % 4:
                last = (place.address + place.type.bytes) // 4
                host.write(HostMemory.ACTIVATION, last, np.zeros(1, np.uint32))

    def run(self, inputs: Tensors) -> MachineRun:
        """Write the inputs, run, and read every tensor."""
        program, host = self._program, self._host
        for name in program.inputs:
            self._write(name, inputs[name])
        host.run(0)
        host.wait(self._patience)
        tensors = {name: self._read(name) for name in program.tensors}
        registers = host.counters()
        counters = Counters(**{field.name: registers[field.name] for field in fields(Counters)})
        return MachineRun(tensors, counters, registers)

    def _write(self, name: str, values: Int8Array) -> None:
        place = self._program.tensors[name]
        # The compiler leaves the rest of a tensor's last word free.
        image = np.zeros(-(-place.type.bytes // 4) * 4, np.int8)
        image[: place.type.bytes] = values.ravel()
        self._host.write(HostMemory.ACTIVATION, place.address // 4, image.view("<u4"))

    def _read(self, name: str) -> Int8Array:
        place = self._program.tensors[name]
        count = -(-place.type.bytes // 4)
        words = self._host.read(HostMemory.ACTIVATION, place.address // 4, count)
        flat = words.astype("<u4").view(np.int8)[: place.type.bytes]
        return flat.reshape(place.type.shape)


@contextmanager
def open_machine(
    program: Program,
    level: Place,
    *,
    on_stage: Callable[[str], None] = lambda stage: None,
    waves: Path | None = None,
    build_root: Path = Path("build/sim"),
) -> Iterator[Machine]:
    """Make what runs a program at a level, or find it on a board, and end it afterwards.

    `on_stage` is called with the name of each stage that may take a while, before it; `waves` is a
    .vcd file for Verilator to write.

    Raises
    ------
    UserError
        The simulator or the synthesis failed, or is missing; or the board does not answer, or is
        another one.
    """
    if level is Level.GOLDEN:
        yield _golden_machine(program)
        return
    if isinstance(level, BoardPort):
        on_stage("load")
        with level.host() as board:
            yield _host_machine(program, board, patience=level.seconds(_patience(program)))
        return
    try:
        if isinstance(level, NetlistLevel):
            on_stage("synthesize")
            accelerator = AcceleratorAxi(program.config)
            verilog = netlist_verilog(accelerator, TOP, level.family, build_root)
            simulator = level.simulator
        else:
            on_stage("generate")
            verilog = accelerator_verilog(program.config, build_root)
            simulator = Simulator(level.value)
        on_stage("build")
        with open_link(
            verilog, TOP, simulator=simulator, waves=waves, build_root=build_root
        ) as link:
            on_stage("load")
            host = Host(link, timeout=_PACKET_SECONDS, attempts=2)
            yield _host_machine(program, host, patience=_patience(program))
    except SimulationError as error:
        raise UserError(str(error)) from error


def _golden_machine(program: Program) -> Machine:
    if isinstance(program, GemmProgram):
        return GemmMachine(program, GemmTwin(program.config), patience=0)
    return GoldenMachine(program)


def _host_machine(program: Program, host: Host, *, patience: float) -> Machine:
    if isinstance(program, GemmProgram):
        return GemmMachine(program, host, patience=patience)
    return HostMachine(program, host, patience=patience)


def _patience(program: Program) -> float:
    """Seconds, at 100 MHz, after which a run is surely stuck: no row of a pass waits so long."""
    if isinstance(program, GemmProgram):
        return 2e-8 * (1000 + gemm_cycles(program).longest)
    engine = program.config.engine
    per_pass = 64 + 4 * (engine.rows + engine.cols)
    lanes = engine.cols // engine.lanes
    rows = sum(step.passes * (step.rows * lanes + per_pass) for step in program.instructions)
    return float(1000 + 100 * len(program.instructions) + 4 * rows) * 1e-8
