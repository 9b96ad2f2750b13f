"""The parameters of an accelerator, checked once."""

from dataclasses import dataclass, field
from typing import ClassVar

from amaranth.lib import data

from golden.formats import INT8
from hw.config import EngineConfig
from hw.instruction import INSTRUCTION
from hw.parameter_word import ParameterWord

__all__ = ["AcceleratorConfig"]

_MAX_BYTES = 1 << 24
_MAX_WORDS = 1 << 20
_MAX_PROGRAM_WORDS = 1 << 18


@dataclass(frozen=True)
class AcceleratorConfig:
    """Sizes of the memories around a GEMM engine.

    Parameters
    ----------
    engine : EngineConfig
        The engine. Its activations and outputs are int8, since a tensor is bytes.
    activation_bytes : int
        Bytes of the activation memory, a multiple of `banks`: from two of it to 16,777,216.
    weight_words : int
        Words of the weight memory, C weights each: from R to 1,048,576.
    parameter_words : int
        Words of the parameter memory, one output channel each: from C to 1,048,576.
    program_words : int
        Words of 32 bits of the program memory: from 32 to 262,144, whole instructions.
    compact : bool
        For a small part with a slow clock: instructions wait in block memories, jobs do not
        wait before their units, and the serial link has no buffers.
    """

    gemm: ClassVar[bool] = False
    """It runs instructions."""

    engine: EngineConfig = field(default_factory=EngineConfig)
    activation_bytes: int = 65536
    weight_words: int = 8192
    parameter_words: int = 1024
    program_words: int = 4096
    compact: bool = False

    def __post_init__(self):
        if not isinstance(self.engine, EngineConfig):
            raise TypeError(f"engine must be an EngineConfig, not {self.engine!r}")
        for name, number_format in (
            ("activation", self.engine.activation), ("output", self.engine.output),
        ):
            if number_format != INT8:
                raise ValueError(
                    f"{name} of an accelerator's engine must be int8, not {number_format}"
                )
        if not isinstance(self.compact, bool):
            raise TypeError(f"compact must be True or False, not {self.compact!r}")
        for name, low, high, multiple in (
            ("activation_bytes", 2 * self.banks, _MAX_BYTES, self.banks),
            ("weight_words", max(2, self.engine.rows), _MAX_WORDS, 1),
            ("parameter_words", max(2, self.engine.cols), _MAX_WORDS, 1),
            ("program_words", 2 * INSTRUCTION.words, _MAX_PROGRAM_WORDS, INSTRUCTION.words),
        ):
            _check_size(name, getattr(self, name), low, high, multiple)

    @property
    def banks(self):
        """Banks of the activation memory: R, C and a word of the host fit into a row of them."""
        return 1 << (max(self.engine.rows, self.engine.cols, 4) - 1).bit_length()

    @property
    def instructions(self):
        """Instructions that the program memory holds."""
        return self.program_words // INSTRUCTION.words

    @property
    def parameter_word(self):
        """Layout of a word of the parameter memory."""
        engine = self.engine
        return ParameterWord(out_format=engine.output, acc_bits=engine.accumulator_bits)

    @property
    def weight_row(self):
        """Layout of a word of the weight memory: a row of a tile."""
        return data.ArrayLayout(self.engine.weight_shape, self.engine.cols)

    @property
    def passes(self):
        """Passes that an instruction may have: tiles that the weight memory holds."""
        return self.weight_words // self.engine.rows


def _check_size(name, value, low, high, multiple):
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} must be an integer, not {value!r}")
    if not low <= value <= high:
        raise ValueError(f"{name} must be from {low} to {high}, not {value}")
    if value % multiple:
        raise ValueError(f"{name} must be a multiple of {multiple}, not {value}")
