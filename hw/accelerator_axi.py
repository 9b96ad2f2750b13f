"""The accelerator with AXI ports: what goes beside a processor."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from hw.accelerator import Accelerator
from hw.axi_lite_window import AxiLiteWindow
from hw.axi_stream_link import AxiStreamLink
from hw.gemm_accelerator import GemmAccelerator
from hw.host_arbiter import HostArbiter
from hw.host_port import HOST_REQUEST
from hw.stream_buffer import StreamBuffer

__all__ = ["AcceleratorAxi"]


class AcceleratorAxi(wiring.Component):
    """`Accelerator` or `GemmAccelerator`: a link over AXI4-Stream, a window onto the registers.

    Parameters
    ----------
    config : AcceleratorConfig or GemmAcceleratorConfig
        The engine and the sizes of the memories.

    Members
    -------
    s_axis_link_*, m_axis_link_*
        Packets; see `AxiStreamLink`.
    s_axil_*
        Registers; see `AxiLiteWindow`.
    """

    def __init__(self, config):
        self.config = config
        self._link = AxiStreamLink()
        self._window = AxiLiteWindow()
        super().__init__({
            name: member
            for part in (self._link, self._window)
            for name, member in part.signature.members.items() if name != "host"
        })

    def elaborate(self, platform):
        m = Module()
        kind = GemmAccelerator if self.config.gemm else Accelerator
        m.submodules.core = core = kind(self.config)
        m.submodules.arbiter = arbiter = HostArbiter(hosts=2)
        m.submodules.link = self._link
        m.submodules.window = self._window

        # Whether the core takes a request is known late, and the window's state hangs on it.
        m.submodules.requests = requests = StreamBuffer(HOST_REQUEST)
        wiring.connect(m, arbiter.core.request, requests.i)
        wiring.connect(m, requests.o, core.host.request)
        wiring.connect(m, core.host.reply, arbiter.core.reply)
        for number, part in enumerate((self._link, self._window)):
            wiring.connect(m, part.host, arbiter.hosts[number])
            for name, member in part.signature.members.items():
                if name != "host":
                    outer, inner = getattr(self, name), getattr(part, name)
                    pair = (inner, outer) if member.flow == In else (outer, inner)
                    m.d.comb += Value.cast(pair[0]).eq(Value.cast(pair[1]))

        return m
