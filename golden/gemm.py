"""Exact integer matrix products at the speed of float BLAS.

Floating point is exact while the magnitudes that a sum can reach fit the significand. So the
reduction is cut into blocks short enough for the operands' types, each block is one BLAS call, and
the blocks are added as integers.
"""

import math
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from golden.accumulate import accumulate_products, accumulator_limits, checked_bits, wrap
from golden.overflow import Overflow

__all__ = ["matmul", "matmul_wide"]

PANEL_SIZE = 1 << 20
"""Elements of the scratch panels: 1024 x 1024, where BLAS is at full speed."""

LARGEST_MAGNITUDE = {
    np.dtype(np.int8): 2**7,
    np.dtype(np.uint8): 2**8 - 1,
    np.dtype(np.int16): 2**15,
    np.dtype(np.uint16): 2**16 - 1,
}
"""The operand types; the magnitude bounds how many products a float sum can hold."""

Operand = npt.NDArray[Any]


def matmul(
    a: Operand,
    w: Operand,
    *,
    accumulator_bits: int = 32,
    overflow: Overflow = Overflow.WRAP,
) -> Operand:
    """The product of activations (..., M, K) and weights (..., K, N), exact for every K.

    Operands are int8, uint8, int16 or uint16; leading dimensions broadcast as in `numpy.matmul`.
    The result is int32, or int64 if `accumulator_bits` is above 32. It is what an accumulator of
    that width holds in the end: with Overflow.WRAP the exact sum modulo 2**accumulator_bits, with
    SATURATE or SATURATE_SYMMETRIC the sum in the order of K, brought into range after each product.

    >>> a, w = np.full((1, 2), -128, np.int8), np.full((2, 1), -128, np.int8)
    >>> matmul(a, w), matmul(a, w, accumulator_bits=16)
    (array([[32768]], dtype=int32), array([[-32768]], dtype=int32))
    """
    checked_bits(accumulator_bits)
    if accumulator_bits == 32 and overflow is Overflow.WRAP:
        return _product(a, w, np.int32)
    dtype = np.int32 if accumulator_bits <= 32 else np.int64
    exact = matmul_wide(a, w)
    if overflow is Overflow.WRAP:
        return wrap(exact, accumulator_bits).astype(dtype)
    # No partial sum is larger than the sum of the magnitudes.
    largest = _product(_magnitudes(a), _magnitudes(w), np.int64).max(initial=0)
    if largest > accumulator_limits(accumulator_bits, overflow)[1]:
        exact = accumulate_products(a, w, bits=accumulator_bits, overflow=overflow)
    return exact.astype(dtype)


def matmul_wide(a: Operand, w: Operand) -> npt.NDArray[np.int64]:
    """The product of `matmul` with nothing lost: int64."""
    return _product(a, w, np.int64)


def _product(a: Operand, w: Operand, dtype: type[np.signedinteger[Any]]) -> Operand:
    """The exact product modulo 2**32 or 2**64, by `dtype`."""
    _check_operand("a", a, "(..., M, K)")
    _check_operand("w", w, "(..., K, N)")
    if a.shape[-1] != w.shape[-2]:
        raise ValueError(
            f"a and w must have the same K, not {a.shape[-1]} of {a.shape} and "
            f"{w.shape[-2]} of {w.shape}"
        )
    if w.ndim == 2:
        flat = _product_2d(a.reshape(math.prod(a.shape[:-1]), a.shape[-1]), w, dtype)
        return flat.reshape(*a.shape[:-1], w.shape[-1])
    batch = _batch(a.shape[:-2], w.shape[:-2])
    a = np.broadcast_to(a, batch + a.shape[-2:])
    w = np.broadcast_to(w, batch + w.shape[-2:])
    out = np.empty((*batch, a.shape[-2], w.shape[-1]), dtype)
    for index in np.ndindex(batch):
        out[index] = _product_2d(a[index], w[index], dtype)
    return out


def _batch(a: tuple[int, ...], w: tuple[int, ...]) -> tuple[int, ...]:
    try:
        return np.broadcast_shapes(a, w)
    except ValueError:
        raise ValueError(
            f"a and w must have leading dimensions that broadcast, not {a} and {w}"
        ) from None


def _product_2d(a: Operand, w: Operand, dtype: type[np.signedinteger[Any]]) -> Operand:
    float_type, longest = _exact_block(a.dtype, w.dtype)
    if float_type is np.float64 and dtype is np.int32:
        # A float64 sum may be past int32, where a conversion does not wrap.
        return _product_2d(a, w, np.int64).astype(np.int32)
    (m, k), n = a.shape, w.shape[1]
    out = np.empty((m, n), dtype) if k else np.zeros((m, n), dtype)
    k_step = min(longest, PANEL_SIZE)
    n_step = PANEL_SIZE // min(k_step, max(k, 1))
    m_step = PANEL_SIZE // max(min(k_step, k), min(n_step, n), 1)
    for columns in _slices(n, n_step):
        for depth in _slices(k, k_step):
            weights = _scratch.filled(0, float_type, w[depth, columns])
            for rows in _slices(m, m_step):
                activations = _scratch.filled(1, float_type, a[rows, depth])
                sums = _scratch.panel(2, float_type, (len(activations), weights.shape[1]))
                np.matmul(activations, weights, out=sums)
                if depth.start == 0:
                    np.copyto(out[rows, columns], sums, casting="unsafe")
                else:
                    out[rows, columns] += _scratch.filled(3, dtype, sums)
    return out


class _Scratch(threading.local):
    """Panels that are kept, one set a thread: fresh memory costs more time than a conversion."""

    def __init__(self) -> None:
        self._panels = [np.empty(PANEL_SIZE, np.int64) for _ in range(4)]

    def panel(self, index: int, dtype: type[np.generic], shape: tuple[int, int]) -> Operand:
        size = shape[0] * shape[1]
        return self._panels[index].view(dtype)[:size].reshape(shape)

    def filled(self, index: int, dtype: type[np.generic], values: Operand) -> Operand:
        panel = self.panel(index, dtype, values.shape)
        np.copyto(panel, values, casting="unsafe")
        return panel


_scratch = _Scratch()


def _exact_block(
    a: np.dtype[Any], w: np.dtype[Any]
) -> tuple[type[np.float32] | type[np.float64], int]:
    """The float type to multiply in, and the longest reduction that is exact in it."""
    largest = LARGEST_MAGNITUDE[a] * LARGEST_MAGNITUDE[w]
    if a.itemsize == w.itemsize == 1:
        return np.float32, 2**24 // largest
    return np.float64, 2**53 // largest


def _slices(length: int, step: int) -> Iterator[slice]:
    for start in range(0, length, step):
        yield slice(start, min(start + step, length))


def _magnitudes(values: Operand) -> Operand:
    """Absolute values in the unsigned type of the same width, which holds -min too."""
    return np.abs(values).astype(values.dtype.str.replace("i", "u"))


def _check_operand(name: str, values: Operand, shape: str) -> None:
    if not isinstance(values, np.ndarray) or values.dtype not in LARGEST_MAGNITUDE:
        kind = getattr(values, "dtype", type(values).__name__)
        raise TypeError(f"{name} must be an array of int8, uint8, int16 or uint16, not {kind}")
    if values.ndim < 2:
        raise ValueError(f"{name} must have shape {shape}, not {values.shape}")
