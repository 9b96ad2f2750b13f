"""A matrix product with requantization, as the streams of a GEMM engine."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from golden.accumulate_operation import AccumulateOperation, combine
from golden.gemm import matmul
from golden.requantize import Requantization, requantize
from golden.rounding import Rounding
from golden.scaling import FixedScaling, Float32Scaling, ShiftScaling
from golden.tiling import Pass, passes, tile_activations, tile_weights
from hw.config import EngineConfig
from hw.instruction import AccumulateOperation as OperationCode
from hw.parameter_word import Parameters, ParameterWord
from hw.pass_buffer import Pass as PassLayout
from sim.lanes import pack, unpack

__all__ = ["GemmJob", "GemmStreams"]

Integers = npt.NDArray[Any]


@dataclass(frozen=True)
class GemmStreams:
    """The beats of each input stream, as packed vectors."""

    passes: Sequence[int]
    weights: Sequence[int]
    activations: Sequence[int]
    parameters: Sequence[int]


@dataclass(frozen=True, eq=False)
class GemmJob:
    """`requantize(activations @ weights)` on an engine of some configuration.

    Parameters
    ----------
    config : EngineConfig
    activations : integers (M, K)
    weights : integers (K, N)
    requantization : N channels, or one for all
    rest : what the passes after a tile's first one do with the accumulators

    Raises ValueError, in a sentence, for operands that the engine cannot take.
    """

    config: EngineConfig
    activations: Integers
    weights: Integers
    requantization: Requantization
    rest: AccumulateOperation = AccumulateOperation.ADD

    def __post_init__(self) -> None:
        for name, matrix in (("activations", self.activations), ("weights", self.weights)):
            if not np.issubdtype(matrix.dtype, np.integer):
                raise TypeError(f"{name} must be integers, not {matrix.dtype}")
            if matrix.ndim != 2 or 0 in matrix.shape:
                raise ValueError(f"{name} must be a matrix with elements, not {matrix.shape}")
        if self.activations.shape[1] != self.weights.shape[0]:
            raise ValueError(
                f"activations {self.activations.shape} and weights {self.weights.shape} must "
                "agree in K: (M, K) and (K, N)"
            )
        for name, matrix, fmt in (
            ("activations", self.activations, self.config.activation),
            ("weights", self.weights, self.config.weight),
        ):
            if not fmt.contains(matrix):
                raise ValueError(
                    f"{name} must be {fmt}, and reach {matrix.min()} to {matrix.max()}"
                )
        if self.requantization.scheme not in self.config.schemes:
            built = ", ".join(sorted(scheme.value for scheme in self.config.schemes))
            raise ValueError(
                f"the engine must have scheme {self.requantization.scheme.value}, not only {built}"
            )
        if self.requantization.out != self.config.output:
            raise ValueError(
                f"the output must be {self.config.output}, not {self.requantization.out}"
            )
        if self.requantization.channels not in (1, self.n):
            raise ValueError(
                f"the requantization must have {self.n} channels, "
                f"not {self.requantization.channels}"
            )

    @property
    def n(self) -> int:
        """Output channels."""
        return int(self.weights.shape[1])

    @cached_property
    def passes(self) -> list[Pass]:
        """The passes, in order."""
        (m, k), config = self.activations.shape, self.config
        sizes = {"rows": config.rows, "cols": config.cols, "depth": config.depth}
        return list(passes(m, k, self.n, **sizes, rest=self.rest))

    def golden(self) -> Integers:
        """Return what every output must be, (M, N)."""
        return requantize(self.accumulators(), self.requantization)

    def streams(self) -> GemmStreams:
        """Return what the engine is fed."""
        config = self.config
        layout = PassLayout(depth=config.depth)
        activation_tiles = tile_activations(self.activations, config.rows)
        weight_tiles = tile_weights(self.weights, config.rows, config.cols)
        words = self._parameter_words()
        descriptors, weights, activations, parameters = [], [], [], []
        for step in self.passes:
            fields = {
                "rows_minus_1": step.count - 1,
                "operation": OperationCode[step.operation.name],
                "drain": step.drain,
            }
            descriptors.append(layout.const(fields).as_bits())
            weights += _beats(weight_tiles[step.n_tile, step.k_tile], config.weight.bits)
            rows = activation_tiles[step.k_tile, step.first : step.first + step.count]
            activations += _beats(rows, config.activation.bits)
            if step.drain:
                first = step.n_tile * config.cols
                parameters += words[first : first + config.cols]
        return GemmStreams(descriptors, weights, activations, parameters)

    def collect(self, beats: Sequence[int]) -> Integers:
        """Return the outputs (M, N) that the output stream's beats hold."""
        config = self.config
        outputs = np.empty((len(self.activations), self.n), config.output.dtype)
        left = iter(beats)
        for step in self.passes:
            if step.drain:
                first = step.n_tile * config.cols
                width = min(config.cols, self.n - first)
                for row in range(step.first, step.first + step.count):
                    lanes = unpack(next(left), config.cols, config.output.bits)
                    outputs[row, first : first + width] = lanes[:width]
        return outputs

    @property
    def output_beats(self) -> int:
        """How many beats the output stream has."""
        return sum(step.count for step in self.passes if step.drain)

    @property
    def packet_ends(self) -> list[int]:
        """After how many output beats each pass that drains has ended."""
        return [int(end) for end in np.cumsum([step.count for step in self.passes if step.drain])]

    def accumulators(self) -> Integers:
        """The accumulators when they are drained, (M, N)."""
        bits, rows = self.config.accumulator_bits, self.config.rows
        if self.rest is AccumulateOperation.ADD:
            return matmul(self.activations, self.weights, accumulator_bits=bits)
        words: Integers = np.zeros((len(self.activations), self.n), np.int64)
        operation = AccumulateOperation.SET
        for k in range(0, self.weights.shape[0], rows):
            sums = matmul(self.activations[:, k : k + rows], self.weights[k : k + rows])
            words = combine(operation, words, sums, bits=bits)
            operation = self.rest
        return words.astype(np.int32)

    def _parameter_words(self) -> list[int]:
        """The encoded parameters of every column, those of padding columns too."""
        r, config = self.requantization, self.config
        word = ParameterWord(out_format=config.output, acc_bits=config.accumulator_bits)
        scaling = r.scaling
        if not isinstance(scaling, Float32Scaling | FixedScaling | ShiftScaling):
            raise TypeError(f"the engine has no {r.scheme.value} scheme")
        tie = Rounding.HALF_EVEN if isinstance(scaling, Float32Scaling) else scaling.tie
        words = []
        for channel in range(r.channels):
            parameters = Parameters(
                scheme=r.scheme,
                bias=int(r.bias[channel]),
                multiplier=(
                    None if isinstance(scaling, ShiftScaling) else int(scaling.multiplier[channel])
                ),
                shift=int(scaling.shift[channel]),
                tie=tie,
                zero_point=r.zero_point,
                low=r.low,
                high=r.high,
            )
            words.append(word.encode(parameters))
        if r.channels == 1:
            words *= self.n
        return words + [words[-1]] * (-self.n % config.cols)


def _beats(rows: Integers, bits: int) -> list[int]:
    return [pack(row.tolist(), bits) for row in rows]
