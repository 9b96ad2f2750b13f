"""The parameters of a GEMM accelerator, checked once."""

from dataclasses import dataclass
from typing import ClassVar

from amaranth.lib import data

from golden.formats import INT8
from hw.config import EngineConfig
from hw.gemm_job import JOB
from hw.parameter_word import ParameterWord

__all__ = ["GemmAcceleratorConfig"]

_MAX_WORDS = 1 << 20
_MAX_TABLE = 512
_MAX_JOB_WORDS = 1 << 16


@dataclass(frozen=True)
class GemmAcceleratorConfig:
    """Sizes of the memories around an array that nothing stalls.

    Parameters
    ----------
    engine : EngineConfig
        The array and its requantizers: int8, and square, since the results of one job are the
        activations of another; rows and columns are a power of two.
    activation_words : int
        Words of the activation memory, R bytes each: from 2 to 1,048,576.
    weight_words : int
        Words of the weight memory, C weights each: from R to 1,048,576.
    parameter_words : int
        Words of the parameter tables, one output channel each: a multiple of C, from twice
        that to 512 a lane.
    job_words : int
        Words of 32 bits of the job memory: from 16 to 65,536, whole jobs.
    """

    gemm: ClassVar[bool] = True
    """It runs GEMM jobs in place of instructions."""

    compact: ClassVar[bool] = True
    """Nothing waits in buffers."""

    engine: EngineConfig
    activation_words: int = 1024
    weight_words: int = 4096
    parameter_words: int = 128
    job_words: int = 256

    def __post_init__(self):
        if not isinstance(self.engine, EngineConfig):
            raise TypeError(f"engine must be an EngineConfig, not {self.engine!r}")
        for name in ("activation", "weight", "output"):
            number_format = getattr(self.engine, name)
            if number_format != INT8:
                raise ValueError(
                    f"{name} of a GEMM accelerator's engine must be int8, not {number_format}"
                )
        rows, cols = self.engine.rows, self.engine.cols
        if rows != cols or cols & (cols - 1):
            raise ValueError(
                "rows and columns of a GEMM accelerator must be equal and a power of two, "
                f"not {rows} and {cols}: results of a job are the activations of another"
            )
        for name, low, high, multiple in (
            ("activation_words", 2, _MAX_WORDS, 1),
            ("weight_words", max(2, rows), _MAX_WORDS, 1),
            ("parameter_words", 2 * cols, _MAX_TABLE * self.engine.lanes, cols),
            ("job_words", 2 * JOB.words, _MAX_JOB_WORDS, JOB.words),
        ):
            _check_size(name, getattr(self, name), low, high, multiple)

    @property
    def activation_bytes(self):
        """Bytes of the activation memory."""
        return self.activation_words * self.engine.rows

    @property
    def program_words(self):
        """Words of 32 bits of the job memory, as the registers call them."""
        return self.job_words

    @property
    def parameter_word(self):
        """Layout of a word of the parameter tables."""
        engine = self.engine
        return ParameterWord(out_format=engine.output, acc_bits=engine.accumulator_bits)

    @property
    def weight_row(self):
        """Layout of a word of the weight memory: a row of a tile."""
        return data.ArrayLayout(self.engine.weight_shape, self.engine.cols)

    @property
    def activation_row(self):
        """Layout of a word of the activation memory: what a pass takes of a row."""
        return data.ArrayLayout(self.engine.activation_shape, self.engine.rows)

    @property
    def parameter_entries(self):
        """Tiles of output channels whose parameters there is room for."""
        return self.parameter_words // self.engine.cols


def _check_size(name, value, low, high, multiple):
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} must be an integer, not {value!r}")
    if not low <= value <= high:
        raise ValueError(f"{name} must be from {low} to {high}, not {value}")
    if value % multiple:
        raise ValueError(f"{name} must be a multiple of {multiple}, not {value}")
