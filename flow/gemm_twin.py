"""The GEMM accelerator as its host sees it, in NumPy: what jobs do to its memories."""

from collections.abc import Mapping
from dataclasses import asdict

import numpy as np
import numpy.typing as npt

from flow.gemm_jobs import check_jobs, read_jobs
from golden.channel_parameters import ChannelParameters
from hw.gemm_accelerator_config import GemmAcceleratorConfig
from hw.host_port import HostMemory
from hw.word_memory import host_stride
from sim.gemm_memories import GemmMemories

__all__ = ["GemmTwin"]

Int8Array = npt.NDArray[np.int8]
Words = npt.NDArray[np.uint32]

_WORD_BITS = 32


class GemmTwin:
    """Memories of 32-bit words, and the rule of jobs on them; the methods are those of `Host`.

    No time passes, and what nothing was written to holds zeros.

    Parameters
    ----------
    config : GemmAcceleratorConfig
    """

    def __init__(self, config: GemmAcceleratorConfig) -> None:
        self.config = config
        row, word = host_stride(config.weight_row), host_stride(config.parameter_word.layout)
        self._words = {
            memory: np.zeros(size, np.uint32)
            for memory, size in (
                (HostMemory.PROGRAM, config.job_words),
                (HostMemory.WEIGHT, config.weight_words * row),
                (HostMemory.PARAMETER, config.parameter_words * word),
                (HostMemory.ACTIVATION, config.activation_words * row),
            )
        }
        self._memories = GemmMemories(
            self._bytes(HostMemory.ACTIVATION), self._bytes(HostMemory.WEIGHT), []
        )

    def check(self, config: GemmAcceleratorConfig) -> None:
        """Make sure that it is of this configuration."""
        if config != self.config:
            raise ValueError(f"the accelerator must be {config}, not {self.config}")

    def write(self, memory: HostMemory, address: int, words: npt.ArrayLike) -> None:
        """Write 32-bit words."""
        values = np.asarray(words, np.uint32)
        self._span(memory, address, len(values))[:] = values
        if memory is HostMemory.PARAMETER:
            self._memories.parameters = self._parameters()

    def read(self, memory: HostMemory, address: int, count: int) -> Words:
        """Return 32-bit words."""
        return self._span(memory, address, count).copy()

    def run(self, address: int = 0) -> None:
        """Run the list of jobs at an address.

        Raises
        ------
        ValueError
            A job reaches past a memory. Those before it were run.
        """
        for job in read_jobs(self._words[HostMemory.PROGRAM].tolist(), address):
            check_jobs([job], self.config)
            self._memories.run(asdict(job), self.config)

    def wait(self, timeout: float) -> None:
        """Wait for nothing: a run ends at once."""

    def counters(self) -> Mapping[str, int]:
        """Nothing is counted."""
        return {}

    def _span(self, memory: HostMemory, address: int, count: int) -> Words:
        words = self._words[memory]
        if address < 0 or address + count > len(words):
            raise ValueError(
                f"memory {memory.name} has {len(words)} words of 32 bits, not {count} from "
                f"{address} on"
            )
        return words[address : address + count]

    def _bytes(self, memory: HostMemory) -> Int8Array:
        """A memory as words of the array's side, which are the same bytes."""
        stride = host_stride(self.config.weight_row)
        lanes = self._words[memory].view(np.int8).reshape(-1, 4 * stride)
        return lanes[:, : self.config.engine.cols]

    def _parameters(self) -> list[ChannelParameters]:
        """The parameters as the words of their memory say."""
        word = self.config.parameter_word
        lanes = self._words[HostMemory.PARAMETER].reshape(-1, host_stride(word.layout))
        mask = (1 << word.width) - 1
        return [
            ChannelParameters(**vars(word.decode(number & mask)))
            for number in (
                sum(lane << (_WORD_BITS * n) for n, lane in enumerate(each))
                for each in lanes.tolist()
            )
        ]
