"""Products for the testbenches of a GEMM engine: awkward sizes, weighted operands, any scheme."""

import numpy as np

from golden.accumulate_operation import AccumulateOperation
from golden.requantize import Requantization
from golden.scaling import TIE_RULES
from golden.scheme import Scheme
from hw.config import EngineConfig
from sim.gemm_job import GemmJob
from sim.stimulus import weighted

__all__ = ["awkward_sizes", "random_job"]


def awkward_sizes(config: EngineConfig) -> list[tuple[int, int, int]]:
    """Return (M, K, N): 1, just under, at, and just over what fills the engine once."""
    rows, cols, depth = config.rows, config.cols, config.depth
    return [
        (1, 1, 1),
        (1, 3 * rows, 2 * cols),  # the shortest passes, each adding to the one before it
        (2, 2 * rows + 1, 1),
        (3, rows, cols + 1),
        (rows, rows + 1, cols),
        (depth, rows, cols),
        (depth - 1, 2 * rows - 1, max(1, cols - 1)),
        (depth + 1, rows + 1, cols + 1),
    ]


def random_job(
    random: np.random.Generator,
    config: EngineConfig,
    size: tuple[int, int, int],
    *,
    operands: tuple[int, int] | None = None,
    rest: AccumulateOperation = AccumulateOperation.ADD,
) -> GemmJob:
    """Draw a product of a size (M, K, N) with a scheme that the engine has.

    Operands are weighted, or all equal to ``operands`` (activation, weight). ``rest`` is what the
    later passes of a tile do.
    """
    m, k, n = size
    if operands is None:
        a = weighted(random, (m, k), bits=config.activation.bits)
        w = weighted(random, (k, n), bits=config.weight.bits)
    else:
        a, w = np.full((m, k), operands[0]), np.full((k, n), operands[1])
    reach = config.activation.max * config.weight.max * float(np.sqrt(k))
    if rest is AccumulateOperation.SHIFT_ADD:
        # What is beyond the accumulators wraps.
        reach = min(reach * 256.0 ** ((k - 1) // config.rows), 2.0 ** (config.accumulator_bits - 2))
    return GemmJob(
        config,
        a.astype(config.activation.dtype),
        w.astype(config.weight.dtype),
        _requantization(random, config, reach, n),
        rest,
    )


def _requantization(
    random: np.random.Generator, config: EngineConfig, reach: float, n: int
) -> Requantization:
    """Draw parameters that bring most of the results into the output's range.

    ``reach`` is where accumulators get to.
    """
    schemes = sorted(config.schemes, key=lambda scheme: scheme.name)
    scheme = schemes[random.integers(len(schemes))]
    scale = 2.0 ** random.uniform(-3, 1, n) * (2 * config.output.max) / reach
    if scheme is Scheme.SHIFT:
        scale = 2.0 ** np.clip(np.floor(np.log2(scale)), -31, 0)
    bias = weighted(random, (n,), bits=32, weight=0.1) >> random.choice([0, 12, 16, 20], n)
    low, high = sorted(weighted(random, (2,), bits=config.output.bits).tolist())
    if random.random() < 0.7:
        low, high = config.output.min, config.output.max
    return Requantization.from_scale(
        scheme,
        scale,
        bias,
        tie=TIE_RULES[random.integers(len(TIE_RULES))],
        zero_point=int(weighted(random, (1,), bits=config.output.bits)[0]),
        low=low,
        high=high,
        out=config.output,
    )
