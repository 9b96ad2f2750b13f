"""What multipliers are made of."""

from enum import Enum

__all__ = ["MultiplierKind"]


class MultiplierKind(Enum):
    """How a `Multiplier` is built. All kinds compute the same in the same cycles."""

    PORTABLE = "portable"
    """The `*` of the language, with registers around it: every tool makes something of it."""

    ECP5 = "ecp5"
    """An instance of Lattice's MULT18X18D with its own registers, which tools do not infer."""
