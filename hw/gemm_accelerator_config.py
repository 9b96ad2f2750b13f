"""The parameters of a GEMM accelerator, checked once."""

from dataclasses import dataclass
from typing import ClassVar

from amaranth.lib import data

from hw.core_config import CoreConfig
from hw.gemm_job import JOB

__all__ = ["GemmAcceleratorConfig"]

_MAX_WORDS = 1 << 20
_MAX_TABLE = 512
_MAX_JOB_WORDS = 1 << 16


@dataclass(frozen=True)
class GemmAcceleratorConfig(CoreConfig):
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

    activation_words: int = 1024
    weight_words: int = 4096
    parameter_words: int = 128
    job_words: int = 256

    def __post_init__(self):
        self._check_engine("a GEMM accelerator", "activation", "weight", "output")
        rows, cols = self.engine.rows, self.engine.cols
        if rows != cols or cols & (cols - 1):
            raise ValueError(
                "rows and columns of a GEMM accelerator must be equal and a power of two, "
                f"not {rows} and {cols}: results of a job are the activations of another"
            )
        self._check_sizes(
            ("activation_words", 2, _MAX_WORDS, 1),
            ("weight_words", max(2, rows), _MAX_WORDS, 1),
            ("parameter_words", 2 * cols, _MAX_TABLE * self.engine.lanes, cols),
            ("job_words", 2 * JOB.words, _MAX_JOB_WORDS, JOB.words),
        )

    @property
    def activation_bytes(self):
        """Bytes of the activation memory."""
        return self.activation_words * self.engine.rows

    @property
    def program_words(self):
        """Words of 32 bits of the job memory, as the registers call them."""
        return self.job_words

    @property
    def activation_row(self):
        """Layout of a word of the activation memory: what a pass takes of a row."""
        return data.ArrayLayout(self.engine.activation_shape, self.engine.rows)

    @property
    def parameter_entries(self):
        """Tiles of output channels whose parameters there is room for."""
        return self.parameter_words // self.engine.cols
