"""Diagnosis: which single mistake turns the expected data into the actual data."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from golden.compare import same, with_common_type
from golden.diagnose_order import missing_hypotheses, order_hypotheses
from golden.diagnose_rounding import Rules
from golden.diagnose_value import float_hypotheses, integer_hypotheses
from golden.formats import IntegerFormat
from golden.hypothesis import Explanation, Hypothesis, judge
from golden.origin import Origin, Quantized, Requantized, Unrounded

__all__ = [
    "Explanation",
    "Origin",
    "Quantized",
    "Requantized",
    "Unrounded",
    "diagnose",
    "report",
]

AnyArray = npt.NDArray[Any]

FEWEST_ELEMENTS = 4
"""Any change of so few numbers looks like a shift, an offset or another order."""
REPORTED = 4


def diagnose(
    actual: npt.ArrayLike,
    expected: npt.ArrayLike,
    origin: Origin | None = None,
    *,
    zero_point: int | None = None,
    format: IntegerFormat | None = None,  # noqa: A002
) -> list[Explanation]:
    """Try every hypothesis on two arrays that `compare` accepts; return those that explain much.

    A complete explanation reproduces every element, the equal ones too; if there are any, only
    those are returned. Otherwise the partial ones follow, best first: each makes right at least
    half of the differences, the equal elements that it would spoil taken off. Equal data and data
    that nothing explains give an empty list.

    Parameters
    ----------
    actual, expected
        Of one shape and of types that compare.
    origin
        What the expected data is computed from. Only with it can a rounding rule, an overflow rule,
        a bias or a scheme be named, since the data alone does not show what was rounded.
    zero_point
        Of the data, to recognize as an offset; by default that of `origin`.
    format
        The format of `expected`; by default that of its type; for 64-bit integers the smallest
        of 8, 16 and 32 bits that holds the data.

    Raises
    ------
    TypeError, ValueError
        As `compare` does, and if `origin` does not give `expected`, or `format` does not hold it.

    """
    a, e = with_common_type(actual, expected)
    if same(a, e).all():
        return []
    fmt = format
    if fmt is None and e.dtype == np.int64:
        fmt = _format_of(np.asarray(expected).dtype, a, e)
    elif fmt is not None and not fmt.contains(e):
        raise ValueError(f"expected is from {e.min()} to {e.max()}, which {fmt} does not hold")
    if zero_point is None:
        zero_point = _zero_point(origin)
    partial: list[Explanation] = []
    for level in _levels(a, e, origin, fmt, zero_point):
        judged = judge(level, a, e)
        complete = [found for found in judged if found.complete]
        if complete:
            return complete
        partial += [found for found in judged if 2 * found.gain >= found.total]
    return sorted(partial, key=lambda found: -found.gain)


def report(explanations: list[Explanation]) -> str:
    """The best explanations, one a line, or a sentence that says that there is none."""
    if not explanations:
        return "no single cause that is known explains the differences"
    heading = "cause:" if explanations[0].complete else "partly explained by:"
    return "\n  ".join([heading, *(found.sentence for found in explanations[:REPORTED])])


def _levels(
    actual: AnyArray,
    expected: AnyArray,
    origin: Origin | None,
    fmt: IntegerFormat | None,
    zero_point: int | None,
) -> Iterator[Iterable[Hypothesis]]:
    """Yield hypotheses by how much they ask one to believe: knowledge, one change, two changes."""
    rules: list[Rules] = []
    if origin is not None:
        if expected.dtype != np.int64:
            raise TypeError(f"data with an origin must be integers, not {expected.dtype}")
        last_step = origin.last_step(expected.shape)
        rules = origin.model_rules(last_step, expected)
        if not rules:
            raise ValueError(
                "the origin does not give the expected data; check its values and parameters"
            )
        yield chain(last_step.single(rules), origin.mistakes())
    if actual.size >= FEWEST_ELEMENTS:
        yield _from_data(actual, expected, fmt, zero_point)
    if rules:
        yield last_step.pairs(rules)


def _from_data(
    actual: AnyArray, expected: AnyArray, fmt: IntegerFormat | None, zero_point: int | None
) -> Iterator[Hypothesis]:
    if expected.ndim:
        yield from missing_hypotheses(actual, expected)
    if expected.dtype.kind == "f":
        yield from float_hypotheses(actual, expected)
    elif fmt is not None:
        yield from integer_hypotheses(actual, expected, fmt, zero_point)
    if expected.ndim:
        yield from order_hypotheses(actual, expected)


def _format_of(dtype: np.dtype[Any], actual: AnyArray, expected: AnyArray) -> IntegerFormat | None:
    if dtype.kind in "iu" and dtype.itemsize <= 4:
        return IntegerFormat(8 * dtype.itemsize, signed=dtype.kind == "i")
    for bits in (8, 16, 32):
        for signed in (True, False):
            fmt = IntegerFormat(bits, signed)
            if fmt.contains(actual) and fmt.contains(expected):
                return fmt
    return None


def _zero_point(origin: Origin | None) -> int | None:
    match origin:
        case Requantized(requantization=r):
            return r.zero_point
        case Quantized(quantization=q):
            return int(q.zero_point) if q.zero_point.ndim == 0 else None
        case Unrounded(zero_point=zero_point):
            return zero_point
    return None
