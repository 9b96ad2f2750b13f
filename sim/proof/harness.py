"""Rounding and clipping beside their textbook formulas, with an assertion that they agree."""

from typing import Any

from amaranth.hdl import Assert, Cat, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from golden.rounding import Rounding
from hw.clip import Clip
from hw.pipeline import delayed
from hw.round_shift import RoundShift, TieCode

__all__ = ["ClipHarness", "RoundShiftHarness"]


class RoundShiftHarness(wiring.Component):  # type: ignore[misc]
    """Asserts that a `RoundShift` gives the value to which half a unit was added and cut off.

    Also that it calls a tie what ends in exactly half a unit.

    The rest below the input counts as half a unit of it where it is neither nothing nor all.
    """

    def __init__(self, *, width: int, max_shift: int) -> None:
        ties = (Rounding.HALF_EVEN, Rounding.HALF_UP, Rounding.HALF_AWAY)
        self.unit = RoundShift(width=width, max_shift=max_shift, ties=ties)
        names = ("i", "shift", "rest_none", "rest_full", "tie")
        super().__init__({name: In(self.unit.signature.members[name].shape) for name in names})

    def elaborate(self, platform: object) -> Module:
        """Compare at the output, where the inputs arrive through registers of their own."""
        m = Module()
        m.submodules.unit = unit = self.unit
        m.d.comb += [unit.i.eq(self.i), unit.shift.eq(self.shift)]
        for name in ("rest_none", "rest_full", "tie"):
            port = getattr(self, name)
            m.d.comb += getattr(unit, name).eq(delayed(m, port, unit.tie_stage, name=f"{name}_in"))

        i, shift, none, full, tie = (
            _late(m, getattr(self, name), unit.latency, name)
            for name in ("i", "shift", "rest_none", "rest_full", "tie")
        )
        twice = Signal(signed(len(i) + 2))
        m.d.comb += twice.eq(2 * i + Mux(none, 0, Mux(full, 2, 1)))
        half = Signal(unit.max_shift + 2)
        m.d.comb += half.eq(1 << (shift + 1))
        is_odd = (twice >> (shift + 2))[0]
        down = Mux(tie == TieCode.HALF_EVEN, ~is_odd, (tie == TieCode.HALF_AWAY) & (twice < 0))
        legal = (shift <= unit.max_shift) & ~(none & full) & (tie.as_value() != 3)
        expected = (twice + half - down) >> (shift + 2)
        below = Signal(unit.max_shift + 2)
        m.d.comb += below.eq(twice & (2 * half - 1))
        actual = Cat(unit.is_tie, unit.floor + unit.carry)
        expected = Cat(below == half, expected[: len(unit.floor) + 1].as_signed())
        _assert_equal(m, unit.latency, legal, actual, expected)
        return m


class ClipHarness(wiring.Component):  # type: ignore[misc]
    """Asserts that a `Clip` gives the middle one of its input and its bounds, and tells which."""

    def __init__(self, *, in_width: int, width: int) -> None:
        self.unit = Clip(in_width=in_width, width=width)
        super().__init__(
            {"i": In(signed(in_width)), "low": In(signed(width)), "high": In(signed(width))}
        )

    def elaborate(self, platform: object) -> Module:
        """Compare at the output, where the inputs arrive through registers of their own."""
        m = Module()
        m.submodules.unit = unit = self.unit
        m.d.comb += [unit.i.eq(self.i), unit.low.eq(self.low), unit.high.eq(self.high)]
        i, low, high = (
            _late(m, getattr(self, name), unit.LATENCY, name) for name in ("i", "low", "high")
        )
        at_least = Mux(i >= low, i, low)
        expected = Mux(at_least <= high, at_least, high)
        actual = Cat(unit.under, unit.over, unit.o)
        expected = Cat(i < low, i > high, expected[: len(unit.o)])
        _assert_equal(m, unit.LATENCY, low <= high, actual, expected)
        return m


def _late(m: Module, value: Any, cycles: int, name: str) -> Any:
    """The value as it was some cycles ago, under a name that a counterexample shows."""
    late = Signal(value.shape(), name=f"shown_{name}")
    m.d.comb += late.eq(delayed(m, value, cycles, name=f"late_{name}"))
    return late


def _assert_equal(m: Module, latency: int, legal: Any, actual: Any, expected: Any) -> None:
    """Assert equality once the pipeline holds nothing but what went in."""
    filled = Signal(latency)
    m.d.sync += filled.eq(Cat(1, filled))
    shown = [
        Signal(value.shape(), name=name)
        for value, name in ((actual, "shown_actual"), (expected, "shown_expected"))
    ]
    m.d.comb += [shown[0].eq(actual), shown[1].eq(expected)]
    m.d.comb += Assert(~filled[-1] | ~legal | (shown[0] == shown[1]))
