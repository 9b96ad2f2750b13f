"""Compare two arrays to the last bit: where they differ first, how often and by how much."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Comparison", "Difference", "HistogramBin", "compare", "same", "with_common_type"]

AnyArray = npt.NDArray[Any]

BAR_WIDTH = 40


@dataclass(frozen=True)
class Difference:
    """One element that differs."""

    index: tuple[int, ...]
    actual: int | float
    expected: int | float
    units: int | None
    """`actual - expected` in units of the last place; None when one of them is NaN."""

    def __str__(self) -> str:
        place = f"[{', '.join(map(str, self.index))}]"
        units = "" if self.units is None else f", difference {self.units:+d}"
        return f"{place} actual {self.actual!r}, expected {self.expected!r}{units}"


@dataclass(frozen=True)
class HistogramBin:
    """How many differences, in units of the last place, are from `low` to `high`."""

    low: int
    high: int
    count: int


@dataclass(frozen=True)
class Comparison:
    """What `compare` found; `str()` is a short report."""

    shape: tuple[int, ...]
    total: int
    """Elements in each array."""
    count: int
    """Elements that differ."""
    first: Difference | None
    """The first one in C order."""
    largest: Difference | None
    """The first of those with the largest distance; NaN has no distance."""
    histogram: tuple[HistogramBin, ...]
    """By sign and power of two of the distance, from the most negative on; empty bins left out."""
    nan_count: int
    """Elements that are NaN in one of the arrays only: they are in `count` but in no bin."""
    listed: tuple[Difference, ...] = ()
    """The first ones in C order, as many as asked for."""

    @property
    def equal(self) -> bool:
        """Whether no element differs."""
        return self.count == 0

    def __str__(self) -> str:
        shape = " x ".join(map(str, self.shape)) or "scalar"
        if self.equal:
            return f"equal: {self.total} elements ({shape})"
        return "\n".join(self._lines(shape))

    def _lines(self, shape: str) -> Iterator[str]:
        share = 100 * self.count / self.total
        yield f"{self.count} of {self.total} elements differ ({share:.3g} % of {shape})"
        yield f"first    {self.first}"
        if self.largest is not None:
            yield f"largest  {self.largest}"
        rows = [(_range(part.low, part.high), part.count) for part in self.histogram]
        if self.nan_count:
            rows.append(("NaN", self.nan_count))
        yield "actual - expected, in units of the last place:"
        most = max(count for _, count in rows)
        width = max(len(label) for label, _ in rows)
        digits = len(str(most))
        for label, count in rows:
            bar = "#" * max(1, round(BAR_WIDTH * count / most))
            yield f"  {label:>{width}}  {count:>{digits}}  {bar}"
        if self.listed:
            yield f"the first {len(self.listed)}:"
            yield from (f"  {difference}" for difference in self.listed)


def compare(actual: npt.ArrayLike, expected: npt.ArrayLike, *, limit: int = 0) -> Comparison:
    """Compare every element of two arrays of one shape.

    Integers of any widths are compared by value, exactly; booleans count as 0 and 1. Floats must be
    of one type and are compared by their bits: the unit is the distance in the ordered list of all
    values, in which -0.0 stands one before 0.0 and infinity one after the largest number. Two NaNs
    are equal whatever their payloads; NaN and a number differ, by no distance. The report lists
    the first `limit` differences.

    Raises
    ------
    TypeError
        If the arrays are not both of integers, or both of one of float16, float32, float64.
    ValueError
        If the shapes differ or there is nothing to compare.
    """
    actual, expected = with_common_type(actual, expected)
    different = np.flatnonzero(~same(actual, expected))
    a, b = actual.ravel()[different], expected.ravel()[different]
    unordered = np.isnan(a) | np.isnan(b) if a.dtype.kind == "f" else np.zeros(a.shape, np.bool_)
    negative, distance = _distance(a, b)
    distance[unordered] = 0

    def difference(k: int) -> Difference:
        index = np.unravel_index(int(different[k]), actual.shape)
        units = None if unordered[k] else int(distance[k]) * (-1 if negative[k] else 1)
        return Difference(tuple(map(int, index)), a[k].item(), b[k].item(), units)

    return Comparison(
        shape=actual.shape,
        total=actual.size,
        count=different.size,
        first=difference(0) if different.size else None,
        largest=difference(int(distance.argmax())) if distance.any() else None,
        histogram=tuple(_histogram(negative, distance)),
        nan_count=int(unordered.sum()),
        listed=tuple(difference(k) for k in range(min(limit, different.size))),
    )


def same(a: AnyArray, b: AnyArray) -> npt.NDArray[np.bool_]:
    """Whether each element of two arrays of one type is equal: by bits, but NaN equals NaN."""
    if a.dtype.kind != "f":
        return np.asarray(a == b)
    bits = f"i{a.dtype.itemsize}"
    return np.asarray((a.view(bits) == b.view(bits)) | (np.isnan(a) & np.isnan(b)))


def with_common_type(actual: npt.ArrayLike, expected: npt.ArrayLike) -> tuple[AnyArray, AnyArray]:
    """The arrays, in C order, as int64 or uint64 if they hold integers, else as they are.

    Raises what `compare` does.
    """
    a, b = np.asarray(actual), np.asarray(expected)
    if a.shape != b.shape:
        raise ValueError(f"actual has the shape {a.shape}, expected {b.shape}; reshape one of them")
    if a.size == 0:
        raise ValueError(f"there is nothing to compare: the shape is {a.shape}")
    if a.dtype.kind in "biu" and b.dtype.kind in "biu":
        wide = np.uint64 if _needs_unsigned(a) or _needs_unsigned(b) else np.int64
        if wide is np.uint64 and (_has_negative(a) or _has_negative(b)):
            raise ValueError(
                f"actual is {a.dtype} and expected {b.dtype}, and together they go from below 0 to "
                "above 2**63 - 1; view both as one type"
            )
        return np.asarray(a, wide, order="C"), np.asarray(b, wide, order="C")
    if a.dtype.kind == b.dtype.kind == "f" and a.dtype.itemsize == b.dtype.itemsize <= 8:
        native = a.dtype.newbyteorder("=")
        return np.asarray(a, native, order="C"), np.asarray(b, native, order="C")
    raise TypeError(
        f"actual is {a.dtype} and expected {b.dtype}; both must be integers, or both the same of "
        "float16, float32, float64"
    )


def _needs_unsigned(values: AnyArray) -> bool:
    return values.dtype.kind == "u" and bool(np.any(values > np.iinfo(np.int64).max))


def _has_negative(values: AnyArray) -> bool:
    return values.dtype.kind == "i" and bool(np.any(values < 0))


def _distance(a: AnyArray, b: AnyArray) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.uint64]]:
    """Signs (a below b) and magnitudes of the differences, exact over all of int64 and uint64."""
    a, b = _ordered(a), _ordered(b)
    negative = np.asarray(a < b)
    up = a.astype(np.uint64) - b.astype(np.uint64)  # modulo 2**64, so right whenever a >= b
    return negative, np.where(negative, -up, up)


def _ordered(values: AnyArray) -> AnyArray:
    if values.dtype.kind != "f":
        return values
    bits = values.view(f"i{values.dtype.itemsize}")
    return np.where(bits < 0, bits ^ np.iinfo(bits.dtype).max, bits).astype(np.int64)


def _histogram(
    negative: npt.NDArray[np.bool_], distance: npt.NDArray[np.uint64]
) -> Iterator[HistogramBin]:
    powers = np.uint64(1) << np.arange(64, dtype=np.uint64)
    length = np.searchsorted(powers, distance, side="right")  # bits of the distance, exactly
    for n, sign in [(n, -1) for n in range(64, 0, -1)] + [(n, 1) for n in range(1, 65)]:
        count = int(np.sum((length == n) & (negative == (sign < 0))))
        if count:
            low, high = sorted((sign << (n - 1), sign * ((1 << n) - 1)))
            yield HistogramBin(low, high, count)


def _range(low: int, high: int) -> str:
    return f"{low:+d}" if low == high else f"{low:+d} to {high:+d}"
