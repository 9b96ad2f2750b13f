"""Requantizations that equal a kernel set's own arithmetic on every value there can be.

A window of n codes has 255 n + 1 sums, a pair of codes 65,536 values: few enough to ask the kernel
set for all of them, and to take the first way of the accelerator that gives the same. So nothing
has to be known of its formula but that it depends on the sum, or on the pair, alone.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from flow.model_layout import zero_point
from flow.model_site import Site, StaysOnHostError, quantization
from golden.formats import INT8
from golden.integer_scale import MULTIPLIER_BITS
from golden.kernel_window import KernelWindow, Pair
from golden.model import Layout
from golden.operators import (
    AveragePool,
    Clamp,
    GlobalAveragePool,
    MaxPool,
    Mean,
    Operator,
    Quantize,
)
from golden.requantize import Requantization, requantize
from golden.residual import residual_add, residual_parameters
from golden.rounding import Rounding
from golden.scaling import FixedScaling, Float32Scaling, Scaling, ShiftScaling

__all__ = ["LARGEST_WINDOW", "proven_addition", "proven_average"]

LARGEST_WINDOW = 256
"""Elements of a window whose sums are all tried."""

_SUMS_AT_ONCE = 4096
_SHORT = 7
_FLOAT32_BITS = 24
_LITERT_ADD_BITS = 21
_LITERT = "litert"

Int8Array = npt.NDArray[np.int8]


@dataclass(frozen=True, eq=False)
class _Average:
    """A way to requantize sums: `raw` if their zero point is added before, not after it."""

    scaling: Scaling
    raw: bool = False


def proven_average(site: Site, kernel: Pair) -> Requantization:
    """The requantization of Σ (code - zero point) over a window, for averages and single codes.

    Raises StaysOnHostError if there is none that equals the kernel set for every sum.
    """
    count = math.prod(kernel)
    if count > LARGEST_WINDOW:
        raise StaysOnHostError(
            f"its window has {count} elements, and sums of at most {LARGEST_WINDOW} are proven"
        )
    _check_only_sum_counts(site, count)
    sums = np.arange(INT8.min * count, INT8.max * count + 1)
    wanted = np.concatenate([_averages(site, kernel, part) for part in _parts(sums, _SUMS_AT_ONCE)])
    if count == 1:
        _check_place_is_nothing(site, sums.astype(np.int8), wanted)
    zero = zero_point(site.source)
    centred = (sums - zero * count).astype(np.int32)[:, None]
    for candidate in _average_candidates(site, count):
        r = Requantization.of(
            candidate.scaling,
            site.zero_point * count if candidate.raw else 0,
            zero_point=0 if candidate.raw else site.zero_point,
            low=int(wanted.min()),
            high=int(wanted.max()),
        )
        if np.array_equal(requantize(centred, r)[:, 0], wanted):
            return r
    raise StaysOnHostError(
        f"kernel set {site.kernels.name} rounds some of its {len(sums)} sums otherwise than any "
        "requantization of the accelerator"
    )


def proven_addition(site: Site) -> tuple[Pair, Requantization]:
    """Multipliers and requantization of a residual addition.

    Raises StaysOnHostError if there are none that equal the kernel set for every pair of codes.
    """
    if site.read[0].elements == 1:
        raise StaysOnHostError("it adds single numbers")
    codes = np.arange(INT8.min, INT8.max + 1, dtype=np.int8)
    a, b = (part.reshape(1, -1) for part in np.meshgrid(codes, codes, indexing="ij"))
    wanted = site.compute(site.operator, [a, b], a.shape)
    zeros = tuple(zero_point(site.model.tensors[name]) for name in site.node.inputs[:2])
    fewest = a.size
    for multipliers, r in _addition_candidates(site):
        r = replace(r, low=int(wanted.min()), high=int(wanted.max()))
        found = residual_add(a, b, multipliers, (zeros[0], zeros[1]), r)
        different = int(np.count_nonzero(found != wanted))
        if not different:
            return multipliers, r
        fewest = min(fewest, different)
    raise StaysOnHostError(
        f"kernel set {site.kernels.name} rounds {fewest} of the {a.size} pairs of codes otherwise "
        "than the accelerator's addition"
    )


def _check_place_is_nothing(site: Site, codes: Int8Array, wanted: npt.NDArray[Any]) -> None:
    """Kernels may round whole vectors otherwise than the rest, which is all of a short tensor."""
    for part, other in zip(_parts(codes, _SHORT), _parts(wanted, _SHORT), strict=True):
        if not np.array_equal(_averages(site, (1, 1), part.astype(np.int64)), other):
            raise StaysOnHostError(
                f"kernel set {site.kernels.name} rounds a code otherwise in some places"
            )


def _check_only_sum_counts(site: Site, count: int) -> None:
    """LiteRT adds up integers, ONNX Runtime only over whole images.

    Float32 sums do not depend on their order either if all of them are exact.
    """
    is_mean, is_litert = isinstance(site.operator, Mean), site.kernels.name == _LITERT
    if count == 1 or is_litert or (_is_whole(site) and not is_mean):
        return
    scale = float(quantization(site.source).scale)
    mantissa = int(math.ldexp(math.frexp(scale)[0], _FLOAT32_BITS))
    odd = mantissa // (mantissa & -mantissa)
    if odd * count * 255 >= 1 << _FLOAT32_BITS:
        raise StaysOnHostError(
            f"its result in kernel set {site.kernels.name} may depend on more than the sum"
        )


def _averages(site: Site, kernel: Pair, sums: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """What the kernel set makes of windows with these sums."""
    operator: Operator = site.operator
    base, above = np.divmod(sums, math.prod(kernel))
    windows = (base[:, None] + (np.arange(math.prod(kernel)) < above[:, None])).astype(np.int8)
    if isinstance(operator, MaxPool):
        kernel = operator.window.kernel
        windows = np.repeat(windows, math.prod(kernel), axis=1)
        operator = replace(operator, window=KernelWindow(kernel, operator.window.stride))
    across = 2 if site.model.layout is Layout.CHANNELS_LAST else 3
    shape = (len(sums), *kernel, 1) if across == 2 else (len(sums), 1, *kernel)
    images, out = windows.reshape(shape), _ones(len(sums), 4)
    match operator:
        case AveragePool():
            operator = replace(operator, window=KernelWindow(kernel))
            if not _is_whole(site):
                images = np.concatenate([images, images], axis=across)
                operator = replace(operator, window=KernelWindow(kernel, stride=kernel))
                out = tuple(2 if axis == across else length for axis, length in enumerate(out))
        case Mean(keep=False):
            out = _ones(len(sums), 2)
        case MaxPool() | GlobalAveragePool() | Mean() | Clamp() | Quantize():
            pass
        case _:
            raise TypeError(f"node {site.node.name} must be an average, not {operator}")
    return site.compute(operator, [images], out).reshape(len(sums), -1)[:, 0].astype(np.int64)


def _is_whole(site: Site) -> bool:
    """Whether a pooling has one window, the image: kernel sets may have a kernel for that."""
    if not isinstance(site.operator, AveragePool):
        return True
    return site.operator.window.kernel == site.read[0].size[:2]


def _average_candidates(site: Site, count: int) -> Iterator[_Average]:
    """With the output's zero point in the sum, which one scale allows, and behind the scaling."""
    source, target = quantization(site.source).scale, quantization(site.target).scale
    if source == target:
        yield _Average(_reciprocal(count), raw=True)
    for scaling in _average_scalings(source, target, count):
        yield _Average(scaling)
        if source == target:
            yield _Average(scaling, raw=True)


def _average_scalings(source: np.float32, target: np.float32, count: int) -> Iterator[Scaling]:
    exact = float(source) / (float(target) * count)
    ratio, single = np.float32(source / target), np.float32(count)
    for value in dict.fromkeys(
        (ratio / single, ratio * (1 / single), source / (target * single), np.float32(exact))
    ):
        yield Float32Scaling(np.array([value], np.float32))
    for tie in (Rounding.HALF_EVEN, Rounding.HALF_AWAY, Rounding.HALF_UP):
        yield FixedScaling.from_scale(exact, tie)
    if count == 1:
        # LiteRT takes codes to another scale by a multiplier with 8 bits of fraction.
        yield FixedScaling.from_scale(round(256 * float(ratio)) / 256, Rounding.HALF_UP)


def _reciprocal(count: int) -> FixedScaling:
    """1 / count, rounded up: with ties away from zero it divides any sum that it is proven for."""
    shift = MULTIPLIER_BITS - 1 + (count - 1).bit_length()
    multiplier = -(-(1 << shift) // count)
    return FixedScaling(np.array([multiplier]), np.array([shift]), Rounding.HALF_AWAY)


def _addition_candidates(site: Site) -> Iterator[tuple[Pair, Requantization]]:
    """LiteRT's multipliers, of which the larger has 21 bits, then the most exact ones."""
    a, b = (quantization(site.model.tensors[name]).scale for name in site.node.inputs[:2])
    out = quantization(site.target).scale
    ratios = [float(np.float32(scale / out)) for scale in (a, b)]
    shift = _LITERT_ADD_BITS - math.frexp(max(ratios))[1]
    if 0 <= shift <= 31:
        multipliers = [round(math.ldexp(ratio, shift)) for ratio in ratios]
        scaling = ShiftScaling(np.array([shift]), Rounding.HALF_UP)
        r = Requantization.of(scaling, zero_point=site.zero_point)
        yield (multipliers[0], multipliers[1]), r
    for tie in (Rounding.HALF_EVEN, Rounding.HALF_UP, Rounding.HALF_AWAY):
        try:
            yield residual_parameters(
                (float(a), float(b)), float(out), tie=tie, zero_point=site.zero_point
            )
        except ValueError:
            return


def _ones(length: int, dimensions: int) -> tuple[int, ...]:
    return (length, *(1,) * (dimensions - 1))


def _parts(values: npt.NDArray[Any], length: int) -> Iterator[npt.NDArray[Any]]:
    for first in range(0, len(values), length):
        yield values[first : first + length]
