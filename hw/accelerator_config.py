"""The parameters of an accelerator, checked once."""

from dataclasses import dataclass, field
from typing import ClassVar

from hw.config import EngineConfig
from hw.core_config import CoreConfig
from hw.instruction import INSTRUCTION

__all__ = ["AcceleratorConfig"]

_MAX_BYTES = 1 << 24
_MAX_WORDS = 1 << 20
_MAX_PROGRAM_WORDS = 1 << 18


@dataclass(frozen=True)
class AcceleratorConfig(CoreConfig):
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
    """

    gemm: ClassVar[bool] = False
    """It runs instructions."""

    engine: EngineConfig = field(default_factory=EngineConfig)
    activation_bytes: int = 65536
    weight_words: int = 8192
    parameter_words: int = 1024
    program_words: int = 4096

    def __post_init__(self):
        self._check_engine("an accelerator", "activation", "output")
        self._check_sizes(
            ("activation_bytes", 2 * self.banks, _MAX_BYTES, self.banks),
            ("weight_words", max(2, self.engine.rows), _MAX_WORDS, 1),
            ("parameter_words", max(2, self.engine.cols), _MAX_WORDS, 1),
            ("program_words", 2 * INSTRUCTION.words, _MAX_PROGRAM_WORDS, INSTRUCTION.words),
        )

    @property
    def banks(self):
        """Banks of the activation memory: R, C and a word of the host fit into a row of them."""
        return 1 << (max(self.engine.rows, self.engine.cols, 4) - 1).bit_length()

    @property
    def instructions(self):
        """Instructions that the program memory holds."""
        return self.program_words // INSTRUCTION.words

    @property
    def passes(self):
        """Passes that an instruction may have: tiles that the weight memory holds."""
        return self.weight_words // self.engine.rows
