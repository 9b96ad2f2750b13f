"""Where and when the accelerator computes an element of a tensor."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flow.compiled_program import CompiledProgram
from flow.cycles import PassCycles, predict_cycles
from flow.layers import Layer
from flow.mismatch_replay import ElementPlaces, LayerReplay
from golden.accumulate_operation import AccumulateOperation
from golden.instruction import Instruction, Opcode
from golden.program_observer import Drain, ObservedPass
from hw.core_timing import core_timing
from hw.launcher import Launcher
from hw.output_buffer import OutputBuffer
from hw.systolic_array import SystolicArray

__all__ = ["Element", "ElementPass", "Location", "locate"]

Int8Array = npt.NDArray[np.int8]
Element = tuple[int, int, int, int]
"""Batch, y, x and channel."""


@dataclass(frozen=True, eq=False)
class ElementPass:
    """What a pass does with an element's accumulator.

    Parameters
    ----------
    instruction : index in the program
    number : of the pass among those of its column tile in the instruction
    operation : what is done with the sum
    activations, weights : (R,), what meets in each row of the array
    accumulator : after the pass
    launched : cycle in which the row of activations goes into the array
    summed : cycle in which its sum leaves the column
    """

    instruction: int
    number: int
    operation: AccumulateOperation
    activations: Int8Array
    weights: Int8Array
    accumulator: int
    launched: int
    summed: int

    @property
    def sum(self) -> int:
        """Of the products."""
        return int(self.activations.astype(np.int64) @ self.weights.astype(np.int64))


@dataclass(frozen=True, eq=False)
class Location:
    """Where an element is computed; cycles count from the one in which the program is started.

    Parameters
    ----------
    layer, element : which one
    address : its byte in the activation memory
    tile : column tile
    row : of activations in each pass, and so word of the accumulators
    column : of the array
    lane : requantizer
    passes : all that make up its accumulator, in order
    requantized : cycle in which its row of results leaves the requantizers
    written : cycle in which they are written to the memory
    """

    layer: str
    element: Element
    address: int
    tile: int
    row: int
    column: int
    lane: int
    passes: tuple[ElementPass, ...]
    requantized: int
    written: int


def locate(
    program: CompiledProgram,
    layer: Layer,
    element: Element,
    tensors: Mapping[str, Int8Array],
    places: ElementPlaces | None = None,
) -> Location:
    """Return where an element of a layer is computed, by golden and the predicted cycles.

    `tensors` are what the layer reads and the network's inputs; `places` those of the layer if they
    are known already.
    """
    replay = LayerReplay(program, layer, tensors)
    places = replay.places() if places is None else places
    instruction, tile, row, column = (
        int(part[element]) for part in (places.instruction, places.tile, places.row, places.column)
    )
    part = next(part for part in replay.runs() if instruction in part)
    history = _History(instruction, tile, row, column)
    replay.run(history, part)
    schedule = _schedule(program, part)
    steps = program.instructions
    timing, engine = core_timing(program.config), program.config.engine
    to_sum = Launcher.LATENCY + SystolicArray.latency_of(engine) + column
    passes = []
    for done, accumulator in history.passes:
        step = steps[done.instruction]
        each_tile = step.passes // step.tiles_n
        cycles = schedule[done.instruction][done.tile * each_tile + done.number]
        passes.append(
            ElementPass(
                done.instruction,
                done.number,
                done.operation,
                done.activations[row],
                done.weights[:, column],
                accumulator,
                cycles.launched + row,
                cycles.launched + row + to_sum,
            )
        )
    drained = cycles.drained
    assert drained is not None, "the last pass before a drain drains"
    requantized = drained + row * engine.lane_columns + timing.result
    place = program.tensors[layer.name]
    return Location(
        layer=layer.name,
        element=element,
        address=place.address + int(np.ravel_multi_index(element, place.type.shape)),
        tile=tile,
        row=row,
        column=column,
        lane=column // engine.lane_columns,
        passes=tuple(passes),
        requantized=requantized,
        written=requantized + OutputBuffer.LATENCY,
    )


class _History:
    """Notes the passes whose sums end up in an element."""

    def __init__(self, instruction: int, tile: int, row: int, column: int) -> None:
        self.passes: list[tuple[ObservedPass, int]] = []
        self._wanted = (instruction, tile)
        self._row = row
        self._column = column
        self._done = False

    def after_pass(self, done: ObservedPass) -> None:
        """Note the accumulator."""
        if not self._done:
            self.passes.append((done, int(done.accumulators[self._row, self._column])))

    def after_drain(self, drain: Drain) -> None:
        """Forget the passes of other tiles."""
        if (drain.instruction, drain.tile) == self._wanted:
            self._done = True
        elif not self._done:
            self.passes.clear()


def _schedule(program: CompiledProgram, part: range) -> dict[int, list[PassCycles]]:
    """When the passes of some instructions happen."""
    cycles: dict[int, list[PassCycles]] = {index: [] for index in part}

    def note(each: PassCycles) -> None:
        if each.instruction in cycles:
            cycles[each.instruction].append(each)

    halt = Instruction(opcode=Opcode.HALT)
    predict_cycles([*program.instructions[: part.stop], halt], program.config, on_pass=note)
    return cycles
