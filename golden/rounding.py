"""Rounding rules by name, exact for int64 and for float64."""

from enum import Enum
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.arrays import float_array, integer_array
from golden.names import parse_name
from golden.neighbours import Mask, Position, Quotient, Real

__all__ = ["Rounding", "round_divide", "round_float", "round_shift"]


class Rounding(Enum):
    """What happens to the part below the last place that is kept."""

    FLOOR = "floor"
    """Toward minus infinity."""
    CEIL = "ceil"
    """Toward plus infinity."""
    TRUNCATE = "truncate"
    """Toward zero."""
    AWAY = "away"
    """Away from zero."""
    HALF_UP = "half_up"
    """To nearest, ties toward plus infinity."""
    HALF_DOWN = "half_down"
    """To nearest, ties toward minus infinity."""
    HALF_EVEN = "half_even"
    """To nearest, ties to the even neighbour."""
    HALF_AWAY = "half_away"
    """To nearest, ties away from zero."""
    HALF_ZERO = "half_zero"
    """To nearest, ties toward zero."""
    HALF_ODD = "half_odd"
    """To nearest, ties to the odd neighbour."""
    JAM = "jam"
    """Round to odd: floor, then the last bit is set when anything was dropped."""
    STOCHASTIC = "stochastic"
    """Up with a probability equal to the dropped fraction, from a seeded generator."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the rule named `text`; ValueError lists the legal names."""
        return parse_name(cls, text)


def round_shift(
    values: ArrayLike, shift: ArrayLike, rule: Rounding, *, seed: int | None = None
) -> NDArray[np.int64]:
    """Return `values` / 2**`shift`, rounded by `rule`: exact for every int64 and every shift.

    `values` and `shift` are integers of shapes that broadcast; `shift` is from 0 to 63. `seed` is
    needed by `Rounding.STOCHASTIC` and used by no other rule.

    >>> round_shift([-3, -1, 1, 3], 1, Rounding.HALF_EVEN)
    array([-2,  0,  0,  2])
    >>> round_shift([-3, -1, 1, 3], 1, Rounding.HALF_UP)
    array([-1,  0,  1,  2])
    """
    array, shifts = integer_array(values), integer_array(shift, "shift")
    _check_range(shifts, "shift", 0, 63)
    divisor = np.uint64(1) << shifts.astype(np.uint64)
    remainder = array.astype(np.uint64) & (divisor - np.uint64(1))
    return _round_quotient(Quotient(array, array >> shifts, remainder, divisor), rule, seed)


def round_divide(
    values: ArrayLike, divisor: ArrayLike, rule: Rounding, *, seed: int | None = None
) -> NDArray[np.int64]:
    """Return `values` / `divisor`, rounded by `rule`: exact for every int64, divisor at least 1.

    `values` and `divisor` are integers of shapes that broadcast. `seed` is needed by
    `Rounding.STOCHASTIC` and used by no other rule.

    >>> round_divide([-7, -5, 5, 7], 2, Rounding.HALF_AWAY)
    array([-4, -3,  3,  4])
    """
    array, divisors = integer_array(values), integer_array(divisor, "divisor")
    _check_range(divisors, "divisor", 1, np.iinfo(np.int64).max)
    floor, remainder = np.divmod(array, divisors)
    quotient = Quotient(array, floor, remainder.astype(np.uint64), divisors.astype(np.uint64))
    return _round_quotient(quotient, rule, seed)


_DIRECT = {
    Rounding.FLOOR: np.floor,
    Rounding.CEIL: np.ceil,
    Rounding.TRUNCATE: np.trunc,
    Rounding.HALF_EVEN: np.rint,
}
"""Rules that IEEE 754 has as one operation, several times faster than the general way."""


def round_float(
    values: ArrayLike, rule: Rounding, *, seed: int | None = None
) -> NDArray[np.float64]:
    """Return `values` rounded to whole numbers by `rule`: exact for every finite float64.

    A zero keeps the sign of its value; NaN stays NaN and an infinity stays itself. `seed` is needed
    by `Rounding.STOCHASTIC` and used by no other rule; its probability is exact to 2**-53.

    >>> round_float([-2.5, -0.5, 0.49999999999999994, 2.5], Rounding.HALF_AWAY)
    array([-3., -1.,  0.,  3.])
    """
    array = float_array(values)
    with np.errstate(invalid="ignore"):  # signalling NaNs
        if _check_rule(rule) in _DIRECT:
            return np.asarray(_DIRECT[rule](array))
        floor = np.floor(array)
        up = _goes_up(Real(array, floor), rule, seed)
        return np.asarray(np.copysign(floor + up, array))


def _goes_up(at: Position, rule: Rounding, seed: int | None) -> Mask:
    """Return which values take their upper neighbour: the only statement of the rules."""
    match rule:
        case Rounding.FLOOR:
            return np.zeros_like(at.inexact())
        case Rounding.CEIL:
            return at.inexact()
        case Rounding.TRUNCATE:
            return at.inexact() & at.negative()
        case Rounding.AWAY:
            return at.inexact() & ~at.negative()
        case Rounding.JAM:
            return at.inexact() & ~at.odd()
        case Rounding.HALF_UP:
            return at.past_half() | at.tie()
        case Rounding.HALF_DOWN:
            return at.past_half()
        case Rounding.HALF_EVEN:
            return at.past_half() | (at.tie() & at.odd())
        case Rounding.HALF_ODD:
            return at.past_half() | (at.tie() & ~at.odd())
        case Rounding.HALF_AWAY:
            return at.past_half() | (at.tie() & ~at.negative())
        case Rounding.HALF_ZERO:
            return at.past_half() | (at.tie() & at.negative())
        case Rounding.STOCHASTIC:
            return at.up_by_chance(_generator(seed))


def _round_quotient(at: Quotient, rule: Rounding, seed: int | None) -> NDArray[np.int64]:
    return np.asarray(at.floor + _goes_up(at, _check_rule(rule), seed))


def _check_rule(rule: Rounding) -> Rounding:
    if not isinstance(rule, Rounding):
        raise TypeError(f"rule must be a golden.rounding.Rounding, not {rule!r}")
    return rule


def _check_range(array: NDArray[np.int64], name: str, low: int, high: int) -> None:
    outside = (array < low) | (array > high)
    if outside.any():
        raise ValueError(f"{name} must be from {low} to {high}, not {array[outside].flat[0]}")


def _generator(seed: int | None) -> np.random.Generator:
    if seed is None:
        raise ValueError("the stochastic rule needs a seed, for example seed=0")
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise TypeError(f"seed must be an integer, not {seed!r}")
    if seed < 0:
        raise ValueError(f"seed must be at least 0, not {seed}")
    return np.random.default_rng(seed)
