"""A component between registers, so that its own paths are all that is timed."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Harness"]


class Harness(wiring.Component):
    """Feeds a component from a chain of registers, and collects its outputs in another.

    The chains meet three pins. What feeds an input takes the chain's value when a pin says so: else
    synthesis would join the registers of a component that has no resets with those of the chain.

    Parameters
    ----------
    dut : wiring.Component
        What is timed.

    Members
    -------
    take, i : In(1)
    o : Out(1)
    """

    def __init__(self, dut):
        self.dut = dut
        super().__init__({"take": In(1), "i": In(1), "o": Out(1)})

    def elaborate(self, platform):
        """Connect every port."""
        m = Module()
        m.submodules.dut = self.dut
        into, out_of = self.i, Const(0)
        for path, member, port in self.dut.signature.flatten(self.dut):
            name = "_".join(map(str, path))
            port = Value.cast(port)
            chain, held = (
                Signal(len(port), name=f"{name}_{what}", reset_less=True)
                for what in ("chain", "held")
            )
            if member.flow == In:
                m.d.sync += [chain.eq(Cat(into, chain)), held.eq(Mux(self.take, chain, held))]
                m.d.comb += port.eq(held)
                into = chain[-1]
            else:
                m.d.sync += [held.eq(port), chain.eq(Mux(self.take, held, Cat(out_of, chain)))]
                out_of = chain[-1]
        m.d.comb += self.o.eq(out_of)
        return m
