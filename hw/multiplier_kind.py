"""What multipliers are made of."""

from enum import Enum

__all__ = ["MultiplierKind"]


class MultiplierKind(Enum):
    """How a `Multiplier` is built. All kinds compute the same in the same cycles."""

    PORTABLE = "portable"
    """The `*` of the language, with registers around it: every tool makes something of it."""

    ECP5 = "ecp5"
    """An instance of Lattice's MULT18X18D with its own registers, which tools do not infer."""

    ICE40 = "ice40"
    """An instance of Lattice's SB_MAC16 with its own registers, two products of 8 bits in each."""

    XC7 = "xc7"
    """An instance of AMD's DSP48E1 for the products of two neighbouring columns of an array; the
    `*` of the language elsewhere."""

    LUT = "lut"
    """Look-up tables and adders of any part, never a DSP block."""

    ECP5_LUT = "ecp5_lut"
    """Carry cells of an ECP5, each of which takes two bits of two rows of the product."""

    @property
    def max_bits(self):
        """Bits that an operand may have, its sign included; None if any."""
        return {
            MultiplierKind.ECP5: 18, MultiplierKind.ICE40: 8, MultiplierKind.XC7: 8,
        }.get(self)

    @property
    def tables(self):
        """The kind that takes its place where a part has no more blocks."""
        ecp5 = self in (MultiplierKind.ECP5, MultiplierKind.ECP5_LUT)
        return MultiplierKind.ECP5_LUT if ecp5 else MultiplierKind.LUT

    def check_operand(self, name, shape):
        """Raise ValueError if an operand is too wide."""
        bits, most = shape.width + (not shape.signed), self.max_bits
        if most is not None and bits > most:
            raise ValueError(f"{name} must have at most {most} bits with its sign, not {bits}")

    @property
    def for_wide(self):
        """The kind for operands of more than 8 bits beside it, as a requantizer has them.

        Look-up tables are cheap for few bits, and SB_MAC16 has 16: tools find DSP blocks then.
        """
        return self if self is MultiplierKind.ECP5 else MultiplierKind.PORTABLE
