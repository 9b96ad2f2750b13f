"""Rounding rules by name, exact for int64 and for float64."""

from enum import Enum

__all__ = ["Rounding"]


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
