import pytest

pytest.importorskip("bitwuzla", reason="pip install 'lastbit[proof]' for bitwuzla")

from amaranth.hdl import Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.emit import emit_rtlil
from hw.pipeline import delayed
from sim.proof.alignment import AlignmentError
from sim.proof.claim import Claim, prove
from sim.proof.unit import TOP, Unit


class Sum(wiring.Component):
    """`o = a + b`, with `a` delayed by 2, `b` by `late` and the sum by 1, or a running sum."""

    def __init__(self, *, late=2, runs=False, reset_less=True):
        self.late, self.runs, self.reset_less = late, runs, reset_less
        super().__init__({"a": In(signed(4)), "b": In(signed(4)), "o": Out(signed(8))})

    def elaborate(self, platform):
        m = Module()
        total = Signal(signed(8), reset_less=self.reset_less)
        a, b = delayed(m, self.a, 2, name="late_a"), delayed(m, self.b, self.late, name="late_b")
        m.d.sync += total.eq(a + b + (total if self.runs else 0))
        m.d.comb += self.o.eq(total)
        return m


def unit(*, latency=3, stages=None, **parameters):
    return Unit(emit_rtlil(Sum(**parameters), TOP), latency=latency, stages=stages)


def test_an_aligned_pipeline_is_its_function():
    pipeline = unit()
    a, b, o = (pipeline.port(name) for name in "abo")
    prove(Claim("sum", o == a + b))


def test_an_input_of_a_later_stage():
    unit(late=0, stages={"b": 2})


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"late": 1}, r"must not mix cycles, but has \[1, 2\]$"),
        ({"late": 0, "stages": {"b": 1}}, r"must not mix cycles, but has \[1, 2\]$"),
        ({"latency": 2}, "^o must come in cycle 2, not 3$"),
        ({"runs": True}, "must not be part of a loop$"),
        ({"reset_less": False}, "^rst must not reach what an output depends on$"),
    ],
)
def test_what_a_pipeline_must_not_do(parameters, sentence):
    with pytest.raises(AlignmentError, match=sentence):
        unit(**parameters)


def test_a_port_that_is_not_there():
    with pytest.raises(ValueError, match=r"^unit must have a port named c$"):
        unit(stages={"c": 1})
