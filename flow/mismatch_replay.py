"""A layer of a compiled network computed once more by golden, with a look at the array."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flow.compiled_program import CompiledProgram, LayerCode
from flow.layers import Layer
from golden.instruction import Instruction, Opcode
from golden.program import Interpreter
from golden.program_observer import Drain, ObservedPass, Observer

__all__ = ["ElementPlaces", "LayerReplay", "layer_code"]

Int8Array = npt.NDArray[np.int8]
Integers = npt.NDArray[np.int64]
Tensors = Mapping[str, Int8Array]

_HALT = Instruction(opcode=Opcode.HALT)
_NOWHERE = -1


@dataclass(frozen=True, eq=False)
class ElementPlaces:
    """For each element of a layer's tensor where it was computed, and its accumulator.

    Elements that were not computed have -1 for the instruction.

    Parameters
    ----------
    instruction : index in the program of the one that drains it
    tile, row, column : column tile, row of its passes, column of the array
    parameter : address of its requantizer parameters
    accumulator : before the bias
    """

    instruction: Integers
    tile: Integers
    row: Integers
    column: Integers
    parameter: Integers
    accumulator: Integers

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Which elements were computed."""
        return np.asarray(self.instruction != _NOWHERE)


class LayerReplay:
    """Runs the instructions of a layer on what it reads.

    Parameters
    ----------
    program : of the network
    layer : one that has instructions
    tensors : what it reads, and the network's inputs, by name
    """

    def __init__(self, program: CompiledProgram, layer: Layer, tensors: Tensors) -> None:
        self.program = program
        self.code = layer_code(program, layer.name)
        self._layer = layer
        self._tensors = tensors
        self._zeros = np.zeros(program.tensors[layer.name].type.shape, np.int8)

    def runs(self) -> Iterator[range]:
        """Parts of the layer that depend on no other: instructions up to one that drains."""
        first = self.code.first
        for index in range(first, first + self.code.count):
            if self.program.instructions[index].drain:
                yield range(first, index + 1)
                first = index + 1

    def run(self, observer: Observer, part: range | None = None) -> Int8Array:
        """Return what the layer writes, or a part of its instructions; the rest of it is zeros."""
        program, engine = self.program, self.program.config.engine
        memories = program.memories({name: self._tensors[name] for name in program.inputs})
        for name in self._layer.inputs:
            program.write_tensor(memories.activation, name, self._tensors[name])
        program.write_tensor(memories.activation, self._layer.name, self._zeros)
        interpreter = Interpreter(
            memories,
            rows=engine.rows,
            cols=engine.cols,
            depth=engine.depth,
            accumulator_bits=engine.accumulator_bits,
            observer=observer,
        )
        if part is None:
            part = range(self.code.first, self.code.first + self.code.count)
        for index in part:
            interpreter.step(program.instructions[index], index)
        interpreter.step(_HALT)
        return program.read_tensor(memories.activation, self._layer.name)

    def places(self, part: range | None = None) -> ElementPlaces:
        """Where each element is computed."""
        place = self.program.tensors[self._layer.name]
        recorder = _Places(place.address, place.type.bytes)
        self.run(recorder, part)
        return ElementPlaces(*recorder.found.reshape(-1, *place.type.shape))


def layer_code(program: CompiledProgram, name: str) -> LayerCode:
    """The instructions of a layer."""
    return next(code for code in program.layers if code.name == name)


class _Places:
    """Notes where each byte of a tensor comes from."""

    def __init__(self, address: int, count: int) -> None:
        self._address = address
        self.found = np.full((6, count), _NOWHERE, np.int64)

    def after_pass(self, done: ObservedPass) -> None:
        """Wait for the drain."""

    def after_drain(self, drain: Drain) -> None:
        """Note a tile of results."""
        rows, width = drain.address.shape
        columns = np.arange(width)
        values: tuple[npt.ArrayLike, ...] = (
            drain.instruction,
            drain.tile,
            np.arange(rows)[:, None],
            columns,
            drain.parameter + columns,
            drain.accumulators[:, :width],
        )
        for found, value in zip(self.found, values, strict=True):
            found[drain.address - self._address] = np.asarray(value)
