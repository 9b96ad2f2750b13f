"""The accelerator with a look at when activations are taken and outputs written."""

from typing import Any

import cocotb
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.accelerator import Accelerator
from hw.accelerator_config import AcceleratorConfig
from hw.host_port import HostPort
from sim import clock

__all__ = ["TappedAccelerator", "Taps"]


class TappedAccelerator(wiring.Component):  # type: ignore[misc]
    """The accelerator, with a look at when activations are taken and outputs written."""

    def __init__(self, config: AcceleratorConfig) -> None:
        self.core = Accelerator(config)
        super().__init__({"host": In(HostPort()), "o_taken": Out(1), "o_written": Out(1)})

    def elaborate(self, platform: Any) -> Any:
        """Place the accelerator and connect its ports and taps."""
        m = Module()
        m.submodules.core = core = self.core
        row = core.datapath.engine.i_activation
        wiring.connect(m, wiring.flipped(self.host), core.host)
        m.d.comb += [
            self.o_taken.eq(row.valid & row.ready),
            self.o_written.eq(core.datapath.write_en),
        ]
        return m


class Taps:
    """The cycles in which activations were taken and outputs written."""

    def __init__(self, dut: Any) -> None:
        self.taken: list[int] = []
        self.written: list[int] = []
        cocotb.start_soon(self._watch(dut))

    def clear(self) -> None:
        """Forget what was seen."""
        self.taken.clear()
        self.written.clear()

    async def _watch(self, dut: Any) -> None:
        edge = clock.edge(dut)
        while True:
            await edge
            if dut.o_taken.value == 1:
                self.taken.append(clock.cycle())
            if dut.o_written.value == 1:
                self.written.append(clock.cycle())
