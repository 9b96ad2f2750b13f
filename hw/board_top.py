"""The accelerator on a board: what stands between its pins."""

from fractions import Fraction

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.accelerator_uart import AcceleratorUart
from hw.heartbeat import Heartbeat
from hw.pll import Pll, plan_clock
from hw.start_reset import StartReset

__all__ = ["BoardTop", "baud_divisor"]

_TOLERANCE = Fraction(2, 100)


def baud_divisor(frequency, baud):
    """Return the cycles of a bit at a clock of so many MHz.

    Raises ValueError if the speed on the line is then more than 2 % off: half of what a receiver
    bears, and the other half is the other end's.
    """
    ideal = Fraction(frequency) * 1_000_000 / baud
    divisor = round(ideal)
    if divisor < 1 or abs(ideal / divisor - 1) > _TOLERANCE:
        raise ValueError(
            f"baud must be within 2 % of {float(frequency):g} MHz over a whole number, not {baud}: "
            f"take {round(Fraction(frequency) * 1_000_000 / max(4, divisor))}"
        )
    return divisor


class BoardTop(wiring.Component):
    """`AcceleratorUart` with the clock and the reset that a board has to be given.

    Its ports are pins. There is no `clk` and no `rst`: the clock comes from `i_clk`, the reset at
    power-up and while the clock is not right.

    Parameters
    ----------
    config : AcceleratorConfig
        The engine and the sizes of the memories.
    pll : PllKind
        What the clock is made with.
    clock, frequency : int, str or Fraction
        The board's clock and the wanted one, in MHz.
    baud : int
        Bits a second of the serial line.
    gap : int or None
        See `UartLink`.
    light : bool
        Whether there is a light, which blinks about once a second.
    light_on : int
        Level of its pin that makes it shine.
    ties : dict of str to int
        Other pins that must have a level.

    Attributes
    ----------
    frequency : Fraction
        Of the clock, in MHz, as it is.

    Members
    -------
    i_clk, i_rx : In(1)
    o_tx : Out(1)
    o_light : Out(1)
        Only with a light.
    o_NAME : Out(1)
        For each of the ties.
    """

    def __init__(
        self, config, *, pll, clock, frequency, baud, gap=None, light=True, light_on=1, ties=None,
    ):
        self.config = config
        self.pll = pll
        self.clock = Fraction(clock)
        self.plan, self.frequency = plan_clock(pll, clock, frequency)
        self.baud = baud
        self.light_on = light_on
        self.ties = dict(ties or {})
        self.divisor = baud_divisor(self.frequency, baud)
        self.gap = gap
        lights = {"o_light": Out(1)} if light else {}
        super().__init__({
            "i_clk": In(1),
            "i_rx": In(1, init=1),
            "o_tx": Out(1, init=1),
            **lights,
            **{f"o_{name}": Out(1) for name in self.ties},
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.pll = pll = Pll(
            kind=self.pll, input_mhz=self.clock, output_mhz=self.frequency)
        m.domains.start = start = ClockDomain(reset_less=True, local=True)
        m.domains.sync = sync = ClockDomain(local=True)
        m.submodules.reset = reset = DomainRenamer("start")(StartReset())
        m.d.comb += [
            pll.i.eq(self.i_clk),
            start.clk.eq(pll.o),
            sync.clk.eq(pll.o),
            reset.i_locked.eq(pll.o_locked),
            sync.rst.eq(reset.o_reset),
        ]
        m.submodules.accelerator = uart = AcceleratorUart(
            self.config, divisor=self.divisor, gap=self.gap)
        m.d.comb += [uart.i_rx.eq(self.i_rx), self.o_tx.eq(uart.o_tx)]
        if hasattr(self, "o_light"):
            period = int(self.frequency * 1_000_000)
            m.submodules.heartbeat = heartbeat = Heartbeat(period=period)
            m.d.comb += self.o_light.eq(heartbeat.o if self.light_on else ~heartbeat.o)
        m.d.comb += [getattr(self, f"o_{name}").eq(level) for name, level in self.ties.items()]
        return m
