"""What is claimed of multipliers of a vendor's primitive: they are the portable one."""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from amaranth.hdl import Module, Shape
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.emit import emit_verilog
from hw.multiplier import Multiplier
from hw.multiplier_kind import MultiplierKind
from hw.yosys import run_yosys
from sim.primitive_models import with_primitive_models
from sim.proof.alignment import check_alignment
from sim.proof.claim import Claim
from sim.proof.smt_module import SmtModule
from sim.proof.unit import without_registers
from sim.proof.word import Condition

__all__ = ["HELD", "HeldOperand", "MultiplierTwin"]

_TOP = "twins"
_HELD = "held"


@dataclass(frozen=True)
class HeldOperand:
    """The register in which a kind of multiplier keeps an operand for any time.

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

    def contents(self, shape: Shape) -> tuple[int, int]:
        """Return how many zeros stand below an operand, and how many above it."""
        above = int(self.width > 0 and not shape.signed)
        return max(0, self.width - shape.width - above), above


HELD: Mapping[MultiplierKind, HeldOperand] = {
    MultiplierKind.PORTABLE: HeldOperand("b_reg"),
    MultiplierKind.ECP5: HeldOperand("primitive.b_reg", MultiplierKind.ECP5.max_bits),
    MultiplierKind.ICE40: HeldOperand("primitive.b_bottom"),
    MultiplierKind.ECP5_LUT: HeldOperand("b_reg"),
}
"""The kinds of which the claims can be made."""


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
        self._change = change

    def taken_claim(self) -> Claim:
        """From any two states: where `take_b` is set, the registers agree a cycle later."""
        state, following = (self._clocked.state(name) for name in ("state", "following"))
        takes = self._clocked.wire("take_b", state, signed=False) == 1
        return self._about_registers("takes b", state, following, takes)

    def kept_claim(self) -> Claim:
        """If the registers agree they do so a cycle later, whatever comes."""
        state, following = (self._clocked.state(name) for name in ("state", "following"))
        return self._about_registers("keeps b", state, following, self._agree(state))

    def product_claim(self) -> Claim:
        """The products are equal; of an operand that is held, with registers that agree."""
        function = SmtModule(without_registers(*self._combinational()), _TOP)
        inputs = function.state("inputs")
        outputs = [function.wire(f"{name}_o", inputs, signed=True) for name in ("portable", "twin")]
        shown = {
            name: function.wire(name, inputs, signed=shape.signed)
            for name, shape in (("a", self.a_shape), (self._b, self.b_shape))
        }
        shown |= dict(zip(("portable", "twin"), outputs, strict=True))
        return Claim(f"{self}: product", outputs[0] == outputs[1], [], shown)

    def __str__(self) -> str:
        a, b = (f"{'s' if x.signed else 'u'}{x.width}" for x in (self.a_shape, self.b_shape))
        return f"multiplier {self.kind.value} {a} by {b}{', held' if self.holds_b else ''}"

    @property
    def _b(self) -> str:
        return _HELD if self.holds_b else "b"

    def _about_registers(self, what: str, state: Any, following: Any, given: Condition) -> Claim:
        shown = {name: self._clocked.wire(name, state, signed=False) for name in ("b", "take_b")}
        assumptions = [self._clocked.follows(state, following), given]
        return Claim(f"{self}: {what}", self._agree(following), assumptions, shown)

    def _agree(self, state: Any) -> Condition:
        """Whether the registers hold the same operand, each as its kind does."""
        portable, twin = (
            self._clocked.wire(self._register(name), state, signed=False)
            for name in ("portable", "twin")
        )
        below, _ = HELD[self.kind].contents(self.b_shape)
        return twin == portable * (1 << below)

    def _register(self, name: str) -> str:
        kind = self.kind if name == "twin" else MultiplierKind.PORTABLE
        return f"{name}.{HELD[kind].register}"

    @cached_property
    def _clocked(self) -> SmtModule:
        with tempfile.TemporaryDirectory() as folder:
            smt = Path(folder, "smt2")
            self._yosys(f"write_smt2 -stbv -wires {smt}")
            return SmtModule(smt.read_text(), _TOP)

    def _combinational(self) -> tuple[str, ...]:
        """Return the flat RTLIL, the registers of a held operand taken out, and how to simplify.

        Yosys knows that zeros at the lower end of an operand are zeros of the product, which no
        solver finds out in time.
        """
        with tempfile.TemporaryDirectory() as folder:
            flat, netlist = Path(folder, "il"), Path(folder, "json")
            self._yosys(f"write_json {netlist}", f"write_rtlil {flat}", cut=self.holds_b)
            check_alignment(
                json.loads(netlist.read_text())["modules"][_TOP],
                inputs={_HELD: 1},
                outputs=dict.fromkeys(("portable_o", "twin_o"), Multiplier.LATENCY),
            )
            return flat.read_text(), "opt_expr", "wreduce", "opt_expr", "opt_clean"

    def _yosys(self, *commands: str, cut: bool = False) -> None:
        """Run commands on the flat module."""
        twins = _Twins(self.kind, self.a_shape, self.b_shape, self.holds_b)
        text = with_primitive_models(emit_verilog(twins, _TOP))
        if self._change is not None:
            old, new = self._change
            if old not in text:
                raise ValueError(f"the Verilog of {self} must hold {old!r}")
            text = text.replace(old, new, 1)
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "v")
            source.write_text(text)
            run_yosys(
                f"read_verilog -sv -defer {source}",
                f"hierarchy -check -top {_TOP}",
                "proc",
                "flatten",
                *(self._cut() if cut else ()),
                "setundef -zero -undriven",
                "opt_expr",
                "opt_clean",
                "wreduce",
                "opt_clean",
                *commands,
            )

    def _cut(self) -> list[str]:
        """Commands that put an input in place of both registers of `b`."""
        width = self.b_shape.width
        commands = [f"cd {_TOP}", f"add -input {_HELD} {width}"]
        for name, kind in (("portable", MultiplierKind.PORTABLE), ("twin", self.kind)):
            register = self._register(name)
            below, above = HELD[kind].contents(self.b_shape)
            zeros = [[f"{count}'b0"] * (count > 0) for count in (above, below)]
            commands += [
                f"delete w:{register} %ci1 t:$dff %i",
                f"connect -nounset -set {register} {','.join([*zeros[0], _HELD, *zeros[1]])}",
            ]
        return [*commands, "cd .."]
