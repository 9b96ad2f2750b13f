"""Hypotheses about what happened to every element: sign, shift, offset, bits, clip."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from golden.compare import same
from golden.formats import IntegerFormat
from golden.hypothesis import Hypothesis
from golden.overflow import Overflow, fit
from golden.rounding import Rounding, round_shift

__all__ = ["deterministic_rules", "float_hypotheses", "integer_hypotheses"]

AnyArray = npt.NDArray[Any]
Integers = npt.NDArray[np.int64]

MAX_SHIFT = 8
OVERFLOWS = {
    Overflow.WRAP: "wraps",
    Overflow.SATURATE: "saturates",
    Overflow.SATURATE_SYMMETRIC: "saturates symmetrically",
    Overflow.SATURATE_TO_ZERO: "turns into 0",
}


def deterministic_rules() -> tuple[Rounding, ...]:
    """Every rounding rule but STOCHASTIC, whose result depends on a seed."""
    return tuple(rule for rule in Rounding if rule is not Rounding.STOCHASTIC)


def integer_hypotheses(
    actual: Integers, expected: Integers, fmt: IntegerFormat, zero_point: int | None
) -> Iterator[Hypothesis]:
    """Yield what `actual` would be after a mistake in every element, the simplest first.

    `fmt` is the format of `expected`; all values are inside 33 bits, so int64 holds every result.
    """
    yield from _negated(expected, fmt)
    yield from _offset(actual, expected, fmt, zero_point)
    yield from _rectified(actual, expected, zero_point)
    yield from _other_format(expected, fmt)
    yield from _shifted(expected, fmt)
    yield from _clipped(actual, expected)
    yield from _reordered_bits(expected, fmt)
    yield from _broken_bit(expected, fmt)


def float_hypotheses(actual: AnyArray, expected: AnyArray) -> Iterator[Hypothesis]:
    """Yield what `actual` would be after a mistake in every float, the simplest first."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        yield Hypothesis("the sign is lost", np.abs(expected))
        yield Hypothesis("the sign is wrong", -expected)
        for shift in range(1, MAX_SHIFT + 1):
            yield Hypothesis(f"times 2**{shift}", np.ldexp(expected, shift))
            yield Hypothesis(f"divided by 2**{shift}", np.ldexp(expected, -shift))
        yield Hypothesis("the bytes are swapped", expected.byteswap())
        if expected.itemsize > 2:
            yield Hypothesis("passed through float16", _through(expected, np.float16))
        if expected.itemsize > 4:
            yield Hypothesis("passed through float32", _through(expected, np.float32))
        if expected.itemsize == 4:
            upper = expected.view(np.uint32) & np.uint32(0xFFFF0000)
            yield Hypothesis("passed through bfloat16 by truncation", upper.view(np.float32))
        yield Hypothesis(
            "the hardware applies a ReLU that the model lacks", np.maximum(expected, 0)
        )
        yield Hypothesis(
            "the hardware lacks a ReLU that the model applies",
            np.maximum(actual, 0),
            backward=True,
        )


def _through(values: AnyArray, kind: type[np.floating[Any]]) -> AnyArray:
    return values.astype(kind).astype(values.dtype)


def _negated(expected: Integers, fmt: IntegerFormat) -> Iterator[Hypothesis]:
    yield Hypothesis("the sign is wrong", -expected)
    for rule in (Overflow.SATURATE, Overflow.WRAP):
        negated = fit(-expected, fmt, rule)
        yield Hypothesis(f"the sign is wrong, and {fmt} {OVERFLOWS[rule]}", negated)
    yield Hypothesis("every bit is inverted", fit(~expected, fmt, Overflow.WRAP))
    yield Hypothesis("the sign is lost", np.abs(expected))


def _offset(
    actual: Integers, expected: Integers, fmt: IntegerFormat, zero_point: int | None
) -> Iterator[Hypothesis]:
    values, counts = np.unique(actual - expected, return_counts=True)
    usual = int(values[counts.argmax()])
    middle = 1 << (fmt.bits - 1)
    names = {
        middle: f"the offset of {middle} between signed and unsigned is wrong",
        -middle: f"the offset of {middle} between signed and unsigned is wrong",
    }
    if zero_point:
        names[-zero_point] = f"the zero point {zero_point} is missing"
        names[zero_point] = f"the zero point {zero_point} is added twice"
        names[-2 * zero_point] = f"the zero point {zero_point} is subtracted"
    for offset in dict.fromkeys((*names, usual)):
        if offset:
            name = names.get(offset, f"every element is off by {offset:+d}")
            yield Hypothesis(name, expected + offset)
            for rule in (Overflow.SATURATE, Overflow.WRAP):
                moved = fit(expected + offset, fmt, rule)
                yield Hypothesis(f"{name}, and {fmt} {OVERFLOWS[rule]}", moved)


def _other_format(expected: Integers, fmt: IntegerFormat) -> Iterator[Hypothesis]:
    other = IntegerFormat(fmt.bits, not fmt.signed)
    yield Hypothesis(f"{fmt} is read as {other}", fit(expected, other, Overflow.WRAP))
    for bits in sorted({4, 8, 12, 16, 24, fmt.bits}):
        for signed in (fmt.signed, not fmt.signed):
            if bits <= fmt.bits:
                kept = IntegerFormat(bits, signed)
                for rule, verb in OVERFLOWS.items():
                    if kept == other and rule is Overflow.WRAP:
                        continue  # the first one above
                    if rule is Overflow.SATURATE_SYMMETRIC and not signed:
                        continue  # the same as SATURATE
                    yield Hypothesis(
                        f"a value outside {kept} {verb} in the hardware",
                        fit(expected, kept, rule),
                        marks=((f"values outside {kept}", _outside(expected, kept)),),
                    )


def _outside(values: Integers, fmt: IntegerFormat) -> npt.NDArray[np.bool_]:
    return np.asarray((values < fmt.min) | (values > fmt.max))


def _shifted(expected: Integers, fmt: IntegerFormat) -> Iterator[Hypothesis]:
    for shift in range(1, MAX_SHIFT + 1):
        factor = 1 << shift
        for rule in (Overflow.SATURATE, Overflow.WRAP):
            yield Hypothesis(
                f"times {factor}, and {fmt} {OVERFLOWS[rule]}", fit(expected << shift, fmt, rule)
            )
        for rounding in deterministic_rules():
            yield Hypothesis(
                f"divided by {factor} and rounded {{}}",
                round_shift(expected, shift, rounding),
                rounding.value,
            )


def _reordered_bits(expected: Integers, fmt: IntegerFormat) -> Iterator[Hypothesis]:
    for size, name in ((1, "bits"), (4, "nibbles"), (8, "bytes"), (16, "half-words")):
        if fmt.bits % size == 0 and fmt.bits > size:
            whole = _reversed_fields(expected, fmt, fmt.bits, size)
            yield Hypothesis(f"the {name} of the {fmt.bits}-bit words are in reverse order", whole)
    for word in (8, 16):
        for size, name in ((1, "bits"), (4, "nibbles"), (8, "bytes")):
            if fmt.bits % word == 0 and fmt.bits > word > size:
                part = _reversed_fields(expected, fmt, word, size)
                yield Hypothesis(f"the {name} of every {word} bits are in reverse order", part)


def _reversed_fields(values: Integers, fmt: IntegerFormat, word: int, size: int) -> Integers:
    """Reverse the fields of `size` bits inside every `word` bits of two's-complement values."""
    moved = np.zeros_like(values)
    for position in range(0, fmt.bits, size):
        start, inside = position - position % word, position % word
        target = start + word - size - inside
        moved |= ((values >> position) & ((1 << size) - 1)) << target
    return fit(moved, fmt, Overflow.WRAP)


def _rectified(
    actual: Integers, expected: Integers, zero_point: int | None
) -> Iterator[Hypothesis]:
    yield from _clip(actual, expected, "a ReLU", 0, None)
    if zero_point:
        yield from _clip(
            actual, expected, f"a ReLU at the zero point {zero_point}", zero_point, None
        )


def _clipped(actual: Integers, expected: Integers) -> Iterator[Hypothesis]:
    """Yield clips at the ends of the narrower of the two arrays."""
    low = max(int(actual.min()), int(expected.min()))
    high = min(int(actual.max()), int(expected.max()))
    yield from _clip(actual, expected, f"a clip at {low} below", low, None)
    yield from _clip(actual, expected, f"a clip at {high} above", None, high)
    if low < high:
        name = f"a clip to the range from {low} to {high}"
        yield from _clip(actual, expected, name, low, high)


def _clip(
    actual: Integers, expected: Integers, name: str, low: int | None, high: int | None
) -> Iterator[Hypothesis]:
    for source, target, has, has_not, backward in (
        (expected, actual, "applies", "lacks", False),
        (actual, expected, "lacks", "applies", True),
    ):
        if _is_hit(source, target, low, high):
            cause = f"the hardware {has} {name} that the model {has_not}"
            yield Hypothesis(cause, np.clip(source, low, high), backward=backward)


def _is_hit(source: Integers, target: Integers, low: int | None, high: int | None) -> bool:
    """Whether more than one element stands clipped: a single one may be there by chance."""
    different = ~same(source, target)
    return all(
        bound is None or int((different & (target == bound)).sum()) > 1 for bound in (low, high)
    )


def _broken_bit(expected: Integers, fmt: IntegerFormat) -> Iterator[Hypothesis]:
    for bit in range(fmt.bits):
        mask = 1 << bit
        for cause, moved in (
            ("stuck at 1", expected | mask),
            ("stuck at 0", expected & ~mask),
            ("inverted", expected ^ mask),
        ):
            yield Hypothesis(f"bit {bit} is {cause}", fit(moved, fmt, Overflow.WRAP))
