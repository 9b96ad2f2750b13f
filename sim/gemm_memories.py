"""The memories of a GEMM accelerator, and what a job makes of them by golden's rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from golden.accumulate import wrap
from golden.channel_parameters import ChannelParameters, requantize_counted
from golden.gemm import matmul
from hw.gemm_accelerator_config import GemmAcceleratorConfig

__all__ = ["GemmMemories"]


@dataclass
class GemmMemories:
    """What stands in the memories, a word a row.

    Parameters
    ----------
    activations : int8 (words, R)
        Jobs change it.
    weights : int8 (words, C)
    parameters : one for each word
    """

    activations: npt.NDArray[np.int8]
    weights: npt.NDArray[np.int8]
    parameters: Sequence[ChannelParameters]

    def run(self, job: Mapping[str, int], config: GemmAcceleratorConfig) -> None:
        """Do a job of `hw.gemm_job.JOB`."""
        rows, steps, side = job["rows"], job["steps_k"], config.engine.rows
        bits = config.engine.accumulator_bits
        first, size = job["activation_address"], steps * rows
        operand = self.activations[first : first + size].reshape(steps, rows, side)
        matrix = operand.transpose(1, 0, 2).reshape(rows, steps * side)
        results = []
        for tile in range(job["tiles_n"]):
            place = job["weight_address"] + tile * steps * side
            sums = matmul(matrix, self.weights[place : place + steps * side], accumulator_bits=bits)
            channel = job["parameter_address"] + tile * side
            parameters = self.parameters[channel : channel + side]
            bias = np.array([each.bias for each in parameters], np.int64)
            biased: npt.NDArray[Any] = wrap(sums.astype(np.int64) + bias, bits)
            results.append(requantize_counted(biased, parameters).outputs)
        place = job["output_address"]
        self.activations[place : place + len(results) * rows] = np.concatenate(results)
