"""What is claimed of two products in one DSP48E1: they are those of two multipliers."""

from typing import Any

from amaranth.hdl import Module, Shape
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.multiplier import Multiplier
from hw.multiplier_dsp48 import ColumnPairMultiplier
from hw.pipeline import registered
from sim.proof.claim import Claim
from sim.proof.twin import Twin
from sim.proof.word import Condition

__all__ = ["PairTwin"]

_STATES = ("state", "following", "last")
# What holds operands: of the multipliers, of the pair, and by how much they are shifted there.
_HELD = (
    ("left.b_reg", "pair.b_reg", 0),
    ("right.b_reg", "pair.primitive.a", 16),
)


class _Twins(wiring.Component):  # type: ignore[misc]
    """A pair beside the multipliers of two columns, of which the right one is a cycle later."""

    def __init__(self, a_shape: Shape, b_shape: Shape) -> None:
        self.pair = ColumnPairMultiplier(a_shape, b_shape)
        self.left, self.right = Multiplier(a_shape, b_shape), Multiplier(a_shape, b_shape)
        o_shape = self.left.o_shape
        names = ("left_o", "right_o", "pair_o", "pair_o_right")
        members = {name: Out(o_shape) for name in names}
        members |= {name: In(b_shape) for name in ("b", "b_right")}
        super().__init__({"a": In(a_shape), "take_b": In(1), **members})

    def elaborate(self, platform: object) -> Module:
        """Put them side by side."""
        m = Module()
        pair, left, right = self.pair, self.left, self.right
        m.submodules.pair, m.submodules.left, m.submodules.right = pair, left, right
        a, take = registered(m, self.a, name="a_next"), registered(m, self.take_b, name="take_next")
        m.d.comb += [
            *(getattr(pair, name).eq(getattr(self, name)) for name in ("a", "b", "b_right")),
            *(getattr(left, name).eq(getattr(self, name)) for name in ("a", "b", "take_b")),
            pair.take_b.eq(self.take_b),
            right.a.eq(a),
            right.b.eq(self.b_right),
            right.take_b.eq(take),
            self.left_o.eq(left.o),
            self.right_o.eq(right.o),
            self.pair_o.eq(pair.o),
            self.pair_o_right.eq(pair.o_right),
        ]
        return m


class PairTwin:
    """A `ColumnPairMultiplier` beside two `Multiplier`, and the claims about them.

    As of `MultiplierTwin`, with a cycle more until the right operand is taken.

    Parameters
    ----------
    bits : int
        Of each operand.
    change : tuple of str, optional
        A text in the Verilog and what to put in its place: for planting bugs.

    """

    def __init__(self, bits: int = 8, *, change: tuple[str, str] | None = None) -> None:
        self.bits = bits
        shape = Shape(bits, signed=True)
        self._twin = Twin(lambda: _Twins(shape, shape), change)

    def taken_claim(self) -> Claim:
        """From any states: where `take_b` is set, all registers agree two cycles later."""
        clocked = self._twin.clocked
        first, second, third = (clocked.state(name) for name in _STATES)
        given = [
            clocked.wire("take_b", first, signed=False) == 1,
            clocked.follows(first, second),
            clocked.follows(second, third),
        ]
        return Claim(f"{self}: takes b", self._agree(third), given)

    def kept_claim(self) -> Claim:
        """If the registers agree they do so a cycle later, whatever comes."""
        clocked = self._twin.clocked
        first, second, _ = (clocked.state(name) for name in _STATES)
        given = [self._agree(first), clocked.follows(first, second)]
        return Claim(f"{self}: keeps b", self._agree(second), given)

    def product_claim(self) -> Claim:
        """Both products are those of the multipliers, the right ones a cycle later."""
        shift, sign = _HELD[1][2], f"held_right[{self.bits - 1}]"
        above = [sign] * (25 - self.bits - shift)
        function = self._twin.function(
            {"held": (self.bits, 1), "held_right": (self.bits, 2)},
            {
                "left.b_reg": "held",
                "pair.b_reg": "held",
                "right.b_reg": "held_right",
                "pair.primitive.a": ",".join([*above, "held_right", f"{shift}'b0"]),
            },
            {
                **dict.fromkeys(("left_o", "pair_o"), Multiplier.LATENCY),
                **dict.fromkeys(("right_o", "pair_o_right"), Multiplier.LATENCY + 1),
            },
        )
        inputs = function.state("inputs")
        names = ("a", "held", "held_right", "left_o", "pair_o", "right_o", "pair_o_right")
        shown = {name: function.wire(name, inputs, signed=True) for name in names}
        goal = (shown["left_o"] == shown["pair_o"]) & (shown["right_o"] == shown["pair_o_right"])
        return Claim(f"{self}: products", goal, [], shown)

    def __str__(self) -> str:
        return f"multiplier pair xc7 s{self.bits} by s{self.bits}"

    def _agree(self, state: Any) -> Condition:
        """Whether the registers of operands, and that of `take_b`, hold the same."""
        clocked = self._twin.clocked
        taken, own = (
            clocked.wire(name, state, signed=False) for name in ("take_next", "pair.take_right")
        )
        agree = taken == own
        for multiplier, pair, shift in _HELD:
            operand, kept = (clocked.wire(name, state, signed=True) for name in (multiplier, pair))
            agree &= kept == operand * (1 << shift)
        return agree
