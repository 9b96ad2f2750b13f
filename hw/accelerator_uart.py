"""The accelerator with a serial line: what goes onto any board."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.accelerator import Accelerator
from hw.gemm_accelerator import GemmAccelerator
from hw.pipeline import copied
from hw.uart_link import UartLink

__all__ = ["AcceleratorUart"]


class AcceleratorUart(wiring.Component):
    """`Accelerator` or `GemmAccelerator` behind the link over a serial line.

    Parameters
    ----------
    config : AcceleratorConfig or GemmAcceleratorConfig
        The engine and the sizes of the memories.
    divisor, gap
        See `UartLink`.

    Members
    -------
    i_rx : In(1)
    o_tx : Out(1)
    """

    def __init__(self, config, *, divisor, gap=None):
        self.config = config
        self._link = UartLink(divisor=divisor, gap=gap, buffered=not config.gemm)
        self.divisor = self._link.divisor
        self.gap = self._link.gap
        super().__init__({
            "i_rx": In(1, init=1),
            "o_tx": Out(1, init=1),
        })

    def elaborate(self, platform):
        m = Module()
        # Core and link are apart, and each has a copy of the reset, a cycle later.
        domains = {name: ClockDomain(name, local=True) for name in ("near_core", "near_link")}
        resets = copied(m, ResetSignal(), len(domains), name="reset")
        for domain, reset in zip(domains.values(), resets, strict=True):
            m.domains += domain
            m.d.comb += [domain.clk.eq(ClockSignal()), domain.rst.eq(reset)]
        core, link = self._core(), self._link
        m.submodules.core = DomainRenamer("near_core")(core)
        m.submodules.link = DomainRenamer("near_link")(link)
        m.d.comb += [link.i_rx.eq(self.i_rx), self.o_tx.eq(link.o_tx)]
        wiring.connect(m, link.host, core.host)
        return m

    def _core(self):
        return (GemmAccelerator if self.config.gemm else Accelerator)(self.config)
