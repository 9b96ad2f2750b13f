"""Jobs of the GEMM accelerator, as it reads them, and whether they stay within its memories."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from hw.gemm_accelerator_config import GemmAcceleratorConfig
from hw.gemm_job import JOB

__all__ = ["MatrixJob", "check_jobs", "job_list", "read_jobs"]

Words = npt.NDArray[np.uint32]

_WORD_BITS = 32
_WORD = (1 << _WORD_BITS) - 1


@dataclass(frozen=True, kw_only=True)
class MatrixJob:
    """A job, by the names of `hw.gemm_job.JOB`; addresses count in words of their memory."""

    rows: int
    tiles_n: int
    steps_k: int
    activation_address: int
    weight_address: int
    parameter_address: int
    output_address: int

    def words(self) -> list[int]:
        """Return the words of 32 bits that it stands in; ValueError names what is illegal."""
        number = JOB.encode(asdict(self))
        return [number >> (_WORD_BITS * n) & _WORD for n in range(JOB.words)]

    @classmethod
    def of_words(cls, words: Sequence[int]) -> Self:
        """Return the job that stands in some words."""
        number = sum(int(word) << (_WORD_BITS * n) for n, word in enumerate(words))
        return cls(**JOB.decode(number))

    def spans(self, config: GemmAcceleratorConfig) -> Iterator[tuple[str, int, int]]:
        """Yield what it takes of each memory: which one, as the configuration has it, from, to."""
        engine = config.engine
        for memory, address, size in (
            ("activation_words", self.activation_address, self.steps_k * self.rows),
            ("activation_words", self.output_address, self.tiles_n * self.rows),
            ("weight_words", self.weight_address, self.tiles_n * self.steps_k * engine.rows),
            ("parameter_words", self.parameter_address, self.tiles_n * engine.cols),
        ):
            yield memory, address, address + size


def check_jobs(jobs: Iterable[MatrixJob], config: GemmAcceleratorConfig) -> None:
    """Make sure that jobs stay within the memories, which the hardware does not look at.

    Raises
    ------
    ValueError
        One does not, has more rows than the accumulators, or writes over its own operand.
    """
    for index, job in enumerate(jobs):
        _check_sizes(f"job {index}", job, config)
        for memory, begin, end in job.spans(config):
            size = getattr(config, memory)
            if begin < 0 or end > size:
                raise ValueError(
                    f"job {index} must stay within the {size} {memory}, and reaches from {begin} "
                    f"to {end}: take smaller blocks, or an accelerator with more {memory}"
                )
        (_, *operand), (_, *results), *_ = job.spans(config)
        if operand[0] < results[1] and results[0] < operand[1]:
            raise ValueError(
                f"results of job {index} must not be where its operand is, from {operand[0]} to "
                f"{operand[1]}: take another output_address than {results[0]}"
            )


def _check_sizes(name: str, job: MatrixJob, config: GemmAcceleratorConfig) -> None:
    engine = config.engine
    if not 1 <= job.rows <= engine.depth:
        raise ValueError(f"rows of {name} must be from 1 to {engine.depth}, not {job.rows}")
    for field in ("tiles_n", "steps_k"):
        if getattr(job, field) < 1:
            raise ValueError(f"{field} of {name} must be at least 1, not {getattr(job, field)}")
    if job.parameter_address % engine.cols:
        raise ValueError(
            f"parameter_address of {name} must be a multiple of {engine.cols}, "
            f"not {job.parameter_address}"
        )


def job_list(jobs: Iterable[MatrixJob]) -> Words:
    """Return the words of a list of jobs, with the word of no rows that ends it."""
    words = [word for job in jobs for word in job.words()]
    return np.array([*words, *[0] * JOB.words], np.uint32)


def read_jobs(memory: Sequence[int], address: int) -> Iterator[MatrixJob]:
    """Yield the jobs of the list that begins at an address of the memory of jobs."""
    while True:
        job = MatrixJob.of_words(memory[address : address + JOB.words])
        if not job.rows:
            return
        yield job
        address += JOB.words
