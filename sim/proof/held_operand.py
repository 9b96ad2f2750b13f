"""Where kinds of multipliers keep an operand for any time, and what it is there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from hw.multiplier_kind import MultiplierKind
from sim.proof.word import Condition, Word

__all__ = ["HELD", "OPERAND", "HeldDigits", "HeldOperand", "Keeps"]

OPERAND = "held"
"""The input that stands for an operand that was taken earlier."""


class Keeps(Protocol):
    """The registers in which an operand is kept, by their names in the multiplier."""

    def registers(self, shape: Any) -> Mapping[str, int]:
        """Return the registers for an operand of a shape, and their widths."""

    def sources(self, shape: Any) -> Mapping[str, str] | None:
        """Return what each holds as a signal of Yosys; None if inputs of their own are to do."""

    def agree(self, operand: Word, kept: Sequence[Word], shape: Any) -> Condition:
        """Return the condition that the registers hold an operand."""


@dataclass(frozen=True)
class HeldOperand:
    """One register that holds the operand itself.

    Parameters
    ----------
    register : str
        Its name, from the multiplier.
    width : int
        Its width, where the operand stands at the upper end of it and has a sign; 0 where the
        register is the operand.

    """

    register: str
    width: int = 0

    def registers(self, shape: Any) -> Mapping[str, int]:
        """Return the one register."""
        return {self.register: max(self.width, shape.width)}

    def sources(self, shape: Any) -> Mapping[str, str]:
        """Return the operand with its zeros.

        Yosys knows that zeros at the lower end of an operand are zeros of the product, which no
        solver finds out in time.
        """
        above = int(self.width > 0 and not shape.signed)
        zeros = [f"{count}'b0," * (count > 0) for count in (above, self._below(shape))]
        return {self.register: f"{zeros[0]}{OPERAND},{zeros[1]}".rstrip(",")}

    def agree(self, operand: Word, kept: Sequence[Word], shape: Any) -> Condition:
        """Return that it is the operand, at the upper end."""
        return kept[0] == operand * (1 << self._below(shape))

    def _below(self, shape: Any) -> int:
        """Return how many zeros stand below an operand."""
        above = int(self.width > 0 and not shape.signed)
        return max(0, self.width - int(shape.width) - above)


@dataclass(frozen=True)
class HeldDigits:
    """Registers of digits of base 4: 0, 1, 2, -1 of two bits; the top one of sign, one and two."""

    def registers(self, shape: Any) -> Mapping[str, int]:
        """Return the registers, the lowest digit first."""
        lower = (shape.width + 1) // 2 - 1
        return {**{f"digit_{n}": 2 for n in range(lower)}, "digit_top": 3}

    def sources(self, shape: Any) -> None:
        """Return nothing: which digits an operand has is not said here, but what they are worth."""

    def agree(self, operand: Word, kept: Sequence[Word], shape: Any) -> Condition:
        """Return that the digits are worth the operand, and that the top one is one of 0, 1, 2."""
        *lower, top = kept
        worth: Word = _top_worth(top) * (1 << 2 * len(lower))
        for n, digit in enumerate(lower):
            worth = worth + (digit - 4 * (digit == 3).number()) * (1 << 2 * n)
        return (worth == operand) & (top < 6)


def _top_worth(top: Word) -> Word:
    """Return -2 to 2."""
    sign = top.bit(0)
    size = top.bit(1) + 2 * top.bit(2)
    return size - 2 * sign * size


HELD: Mapping[MultiplierKind, Keeps] = {
    MultiplierKind.PORTABLE: HeldOperand("b_reg"),
    MultiplierKind.ECP5: HeldOperand("primitive.b_reg", MultiplierKind.ECP5.max_bits),
    MultiplierKind.ICE40: HeldOperand("primitive.b_bottom"),
    MultiplierKind.ECP5_LUT: HeldOperand("b_reg"),
    MultiplierKind.LUT: HeldDigits(),
}
"""The kinds of which the claims can be made."""
