"""A network as a program: instructions, constants, and where its tensors are."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from flow.disassembler import disassemble
from flow.instruction_words import program_words
from flow.layers import TensorType
from golden.channel_parameters import ChannelParameters
from golden.instruction import Instruction
from golden.program import Memories
from golden.rounding import Rounding
from golden.scheme import Scheme
from hw.accelerator_config import AcceleratorConfig
from hw.parameter_word import Parameters
from sim.lanes import pack

__all__ = ["CompiledProgram", "LayerCode", "TensorPlace"]

Int8Array = npt.NDArray[np.int8]

_UNUSED = ChannelParameters(
    scheme=Scheme.FLOAT32,
    bias=0,
    multiplier=1 << 23,
    shift=0,
    tie=Rounding.HALF_EVEN,
    zero_point=0,
    low=0,
    high=0,
)
"""What the golden model has where nothing was put: no program of the compiler reads it."""


@dataclass(frozen=True)
class TensorPlace:
    """Where a tensor is in the activation memory, in bytes, and what it is."""

    address: int
    type: TensorType


@dataclass(frozen=True)
class LayerCode:
    """The instructions of a layer: `count` of them from index `first` on."""

    name: str
    first: int
    count: int


@dataclass(frozen=True, eq=False)
class CompiledProgram:
    """What a host loads once, and what it needs to know to run it.

    Parameters
    ----------
    config : the accelerator it is for
    instructions : the last one is HALT
    weights : (words, C) int8
    parameters : one for each output channel
    tensors : where each tensor is, at least while it is needed
    layers : in the order of the program
    inputs, outputs : names of the network's inputs and outputs
    """

    config: AcceleratorConfig
    instructions: Sequence[Instruction]
    weights: Int8Array
    parameters: Sequence[ChannelParameters]
    tensors: Mapping[str, TensorPlace]
    layers: Sequence[LayerCode]
    inputs: Sequence[str]
    outputs: Sequence[str]

    @property
    def batch(self) -> int:
        """Images that a run takes at once."""
        return self.tensors[self.inputs[0]].type.shape[0]

    def program_words(self) -> list[int]:
        """The program memory, words of 32 bits."""
        return program_words(self.instructions)

    def listing(self) -> str:
        """The program as text, with the layers' names as comments."""
        notes: dict[int, str] = {}
        for layer in self.layers:
            address = self.tensors[layer.name].address
            before = f"{notes[layer.first]}; " if layer.first in notes else ""
            notes[layer.first] = f"{before}{layer.name}, written from byte {address} on"
        return disassemble(self.program_words(), notes)

    def weight_words(self) -> list[int]:
        """The weight memory, C weights a word, column 0 lowest."""
        bits = self.config.engine.weight.bits
        return [pack(word, bits) for word in self.weights.tolist()]

    def parameter_words(self) -> list[int]:
        """The parameter memory, words as `hw.parameter_word` has them."""
        encoder = self.config.parameter_word
        return [encoder.encode(Parameters(**asdict(word))) for word in self.parameters]

    def memories(self, inputs: Mapping[str, Int8Array]) -> Memories:
        """The golden model's memories, of the sizes of the configuration, with the inputs."""
        config = self.config
        weights = np.zeros((config.weight_words, config.engine.cols), np.int8)
        weights[: len(self.weights)] = self.weights
        activation = np.zeros(config.activation_bytes, np.int8)
        for name in self.inputs:
            self.write_tensor(activation, name, inputs[name])
        unused = [_UNUSED] * (config.parameter_words - len(self.parameters))
        return Memories(activation, weights, [*self.parameters, *unused])

    def write_tensor(self, activation: Int8Array, name: str, values: Int8Array) -> None:
        """Put a tensor into the activation memory."""
        place = self.tensors[name]
        if values.shape != place.type.shape or values.dtype != np.int8:
            raise ValueError(
                f"tensor {name} must be int8 of shape {place.type.shape}, not {values.dtype} of "
                f"shape {values.shape}"
            )
        activation[place.address : place.address + place.type.bytes] = values.ravel()

    def read_tensor(self, activation: Int8Array, name: str) -> Int8Array:
        """Return a copy of the tensor in the activation memory."""
        place = self.tensors[name]
        flat = activation[place.address : place.address + place.type.bytes]
        return flat.reshape(place.type.shape).copy()
