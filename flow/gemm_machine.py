"""What runs a network on a GEMM accelerator and its host, layer by layer."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from flow.gemm_layout import operand_words, result_rows
from flow.gemm_plan import Block
from flow.gemm_program import GemmProgram, LayerJobs, Load, Turn
from flow.host_words import byte_words, from_byte_words
from flow.machine_run import MachineRun, Tensors
from flow.reference import run_layer
from golden.program import Counters
from hw.gemm_accelerator_config import GemmAcceleratorConfig
from hw.host_port import HostMemory
from hw.word_memory import host_stride

__all__ = ["GemmHost", "GemmMachine"]

Int8Array = npt.NDArray[np.int8]
Words = npt.NDArray[np.uint32]


class GemmHost(Protocol):
    """What is needed of `flow.host.Host`; `flow.gemm_twin.GemmTwin` has it too."""

    def check(self, config: GemmAcceleratorConfig) -> None:
        """Make sure that it is this accelerator."""

    def write(self, memory: HostMemory, address: int, words: npt.ArrayLike) -> None:
        """Write words of 32 bits."""

    def read(self, memory: HostMemory, address: int, count: int) -> Words:
        """Return words of 32 bits."""

    def run(self, address: int = 0) -> None:
        """Run the list of jobs at an address."""

    def wait(self, timeout: float) -> Any:
        """Wait for the end of it."""

    def counters(self) -> Mapping[str, int]:
        """What the last run counted."""


class GemmMachine:
    """An accelerator behind a host driver, or the NumPy model of it.

    Weights, parameters and lists of jobs are sent when they are not where they must be. Operands
    are those of the tensors that were read back, so a wrong one is wrong in what follows.

    Parameters
    ----------
    program
        It must be for the configuration that the accelerator has.
    host
        Over any carrier.
    patience
        Seconds of the carrier's time that a list of jobs may take.

    Raises
    ------
    OtherHardwareError
        The accelerator is another one.
    """

    def __init__(self, program: GemmProgram, host: GemmHost, *, patience: float) -> None:
        self._program = program
        self._host = host
        self._patience = patience
        self._stride = host_stride(program.config.weight_row)
        self._loaded: dict[tuple[HostMemory, int], Load] = {}
        host.check(program.config)

    def run(self, inputs: Tensors) -> MachineRun:
        """Compute every tensor, from the inputs to the last layer's."""
        graph, registers = self._program.graph, dict[str, int]()
        tensors: dict[str, Int8Array] = {name: inputs[name] for name in graph.inputs}
        for layer in graph.layers:
            read = [tensors[name] for name in layer.inputs]
            jobs = self._program.layers.get(layer.name)
            if jobs is None:
                types = [graph.types[name] for name in layer.inputs]
                tensors[layer.name] = run_layer(layer, read, types)
            else:
                tensors[layer.name] = self._compute(jobs, read[0], registers)
        return MachineRun(tensors, Counters(), registers)

    def _compute(self, layer: LayerJobs, values: Int8Array, registers: dict[str, int]) -> Int8Array:
        """Compute a layer's tensor; what is counted is added to the registers."""
        engine, product = self._program.config.engine, layer.product
        operand = product.operand(values)
        n = product.shape[3]
        result = np.zeros((product.m, n + -n % engine.cols), np.int8)
        there: tuple[Block, ...] = ()
        for turn in layer.turns:
            for load in (*turn.constants, turn.list):
                self._load(load)
            if turn.blocks is not there:
                self._write_operand(operand, turn)
                there = turn.blocks
            self._host.run(turn.list.address)
            self._host.wait(self._patience)
            for name, count in self._host.counters().items():
                if name == "cycles":
                    registers[name] = registers.get(name, 0) + count
            self._read_results(result, turn)
        return np.ascontiguousarray(result[:, :n]).reshape(product.shape)

    def _load(self, load: Load) -> None:
        """Write constants, unless they are there since an earlier turn."""
        place = load.memory, load.address
        if self._loaded.get(place) is not load:
            self._host.write(load.memory, load.address, load.words)
            self._loaded[place] = load

    def _write_operand(self, operand: Int8Array, turn: Turn) -> None:
        """Write the operands of all blocks, which follow each other."""
        rows = self._program.config.engine.rows
        parts = [
            operand_words(operand[block.first : block.first + block.rows], rows)
            for block in turn.blocks
        ]
        address = turn.blocks[0].activation_address * self._stride
        words = byte_words(np.concatenate(parts), self._stride)
        self._host.write(HostMemory.ACTIVATION, address, words)

    def _read_results(self, result: Int8Array, turn: Turn) -> None:
        """Read the results of all blocks, which follow each other up to the last one's end."""
        cols = self._program.config.engine.cols
        first, last = turn.blocks[0], turn.blocks[-1]
        begin = first.output_address
        end = last.output_address + turn.tiles.count * last.rows
        lanes = self._host.read(
            HostMemory.ACTIVATION, begin * self._stride, (end - begin) * self._stride
        )
        words = from_byte_words(lanes, self._stride, cols)
        columns = slice(turn.tiles.first * cols, (turn.tiles.first + turn.tiles.count) * cols)
        for block in turn.blocks:
            start = block.output_address - begin
            part = words[start : start + turn.tiles.count * block.rows]
            result[block.first : block.first + block.rows, columns] = result_rows(part, block.rows)
