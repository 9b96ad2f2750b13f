"""What is claimed of multipliers of every kind: they are the portable one."""

from collections.abc import Sequence
from typing import Any

from amaranth.hdl import Module, Shape
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.multiplier import Multiplier
from hw.multiplier_kind import MultiplierKind
from sim.proof.claim import Claim
from sim.proof.held_operand import HELD, OPERAND
from sim.proof.smt_module import SmtModule
from sim.proof.twin import Twin
from sim.proof.word import Condition, Word

__all__ = ["MultiplierTwin"]


class _Twins(wiring.Component):  # type: ignore[misc]
    """The same inputs for a portable multiplier and one of another kind."""

    def __init__(self, kind: MultiplierKind, a_shape: Shape, b_shape: Shape, holds_b: bool) -> None:
        self.portable = Multiplier(a_shape, b_shape, holds_b=holds_b)
        self.twin = Multiplier(a_shape, b_shape, kind=kind, holds_b=holds_b)
        members = dict(self.portable.signature.members)
        out = members.pop("o").shape
        super().__init__({**members, "portable_o": Out(out), "twin_o": Out(out)})

    def elaborate(self, platform: object) -> Module:
        """Put them side by side."""
        m = Module()
        for name in ("portable", "twin"):
            m.submodules[name] = multiplier = getattr(self, name)
            m.d.comb += getattr(self, f"{name}_o").eq(multiplier.o)
            for port, member in multiplier.signature.members.items():
                if member.flow == In:
                    m.d.comb += getattr(multiplier, port).eq(getattr(self, port))
        return m


class MultiplierTwin:
    """A multiplier of a kind beside the portable one, and the claims about the two.

    Both are the Verilog that is simulated, primitives their simulation models. They begin in
    states that have nothing to do with each other. By `taken_claim` their registers of `b` agree
    once `take_b` was set, by `kept_claim` they do so ever after, and by `product_claim` what
    multipliers compute, `b` being such registers, comes out equal after the latency.

    Parameters
    ----------
    kind : MultiplierKind
    a_shape, b_shape : Shape
    holds_b : bool
        See `Multiplier`.
    change : tuple of str, optional
        A text in the Verilog and what to put in its place: for planting bugs.

    """

    def __init__(
        self,
        kind: MultiplierKind,
        a_shape: Any,
        b_shape: Any,
        *,
        holds_b: bool,
        change: tuple[str, str] | None = None,
    ) -> None:
        self.kind = kind
        self.a_shape = Shape.cast(a_shape)
        self.b_shape = Shape.cast(b_shape)
        self.holds_b = holds_b
        self._twin = Twin(lambda: _Twins(kind, self.a_shape, self.b_shape, holds_b), change)

    def taken_claim(self) -> Claim:
        """From any two states: where `take_b` is set, the registers agree a cycle later."""
        state, following = (self._twin.clocked.state(name) for name in ("state", "following"))
        takes = self._twin.clocked.wire("take_b", state, signed=False) == 1
        return self._about_registers("takes b", state, following, takes)

    def kept_claim(self) -> Claim:
        """If the registers agree they do so a cycle later, whatever comes."""
        state, following = (self._twin.clocked.state(name) for name in ("state", "following"))
        return self._about_registers("keeps b", state, following, self._agree(state))

    def product_claim(self) -> Claim:
        """The products are equal; of an operand that is held, with registers that agree."""
        function = self._function()
        inputs = function.state("inputs")
        outputs = [function.wire(f"{name}_o", inputs, signed=True) for name in ("portable", "twin")]
        given = []
        b = OPERAND if self.holds_b else "b"
        shown = {
            name: function.wire(name, inputs, signed=shape.signed)
            for name, shape in (("a", self.a_shape), (b, self.b_shape))
        }
        if self.holds_b and self._sources() is None:
            kept = [function.wire(name, inputs, signed=False) for name in self._kept]
            given = [HELD[self.kind].agree(shown[b], kept, self.b_shape)]
        shown |= dict(zip(("portable", "twin"), outputs, strict=True))
        return Claim(f"{self}: product", outputs[0] == outputs[1], given, shown)

    def __str__(self) -> str:
        a, b = (f"{'s' if x.signed else 'u'}{x.width}" for x in (self.a_shape, self.b_shape))
        return f"multiplier {self.kind.value} {a} by {b}{', held' if self.holds_b else ''}"

    def _about_registers(self, what: str, state: Any, following: Any, given: Condition) -> Claim:
        clocked = self._twin.clocked
        shown = {name: clocked.wire(name, state, signed=False) for name in ("b", "take_b")}
        assumptions = [clocked.follows(state, following), given]
        return Claim(f"{self}: {what}", self._agree(following), assumptions, shown)

    def _agree(self, state: Any) -> Condition:
        """Whether the registers hold the same operand, each as its kind does."""
        portable, *twin = (
            self._twin.clocked.wire(name, state, signed=False)
            for name in ("portable.b_reg", *(f"twin.{name}" for name in self._kept))
        )
        return HELD[self.kind].agree(self._as_operand(portable), twin, self.b_shape)

    def _as_operand(self, word: Word) -> Word:
        """Return an operand's bits as a number, where a kind holds what it is worth."""
        if self._sources() is None and self.b_shape.signed:
            return word.wrapped(self.b_shape.width)
        return word

    @property
    def _kept(self) -> Sequence[str]:
        return list(HELD[self.kind].registers(self.b_shape))

    def _sources(self) -> Any:
        return HELD[self.kind].sources(self.b_shape)

    def _function(self) -> SmtModule:
        inputs, sources = {}, {}
        if self.holds_b:
            inputs[OPERAND] = (self.b_shape.width, 1)
            sources["portable.b_reg"] = OPERAND
            found = self._sources()
            if found is None:
                widths = HELD[self.kind].registers(self.b_shape)
                inputs |= {name: (width, 1) for name, width in widths.items()}
                found = {name: name for name in widths}
            sources |= {f"twin.{name}": source for name, source in found.items()}
        outputs = dict.fromkeys(("portable_o", "twin_o"), Multiplier.LATENCY)
        return self._twin.function(inputs, sources, outputs)
