"""The link over AXI4-Stream."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.host_port import HostPort
from hw.link import Link

__all__ = ["AxiStreamLink"]


class AxiStreamLink(wiring.Component):
    """`Link` with AXI4-Stream ports: a frame, which `tlast` ends, is a packet.

    Members
    -------
    s_axis_link_*
        `tdata` In(32), `tvalid` In, `tready` Out, `tlast` In: requests. Only whole words.
    m_axis_link_*
        `tdata` Out(32), `tvalid` Out, `tready` In, `tlast` Out: replies.
    host : Out(HostPort())
        To the core.
    """

    LATENCY = Link.LATENCY

    def __init__(self):
        super().__init__({
            "s_axis_link_tdata":  In(32),
            "s_axis_link_tvalid": In(1),
            "s_axis_link_tready": Out(1),
            "s_axis_link_tlast":  In(1),
            "m_axis_link_tdata":  Out(32),
            "m_axis_link_tvalid": Out(1),
            "m_axis_link_tready": In(1),
            "m_axis_link_tlast":  Out(1),
            "host":               Out(HostPort()),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.link = link = Link()

        m.d.comb += [
            link.i.payload.data.eq(self.s_axis_link_tdata),
            link.i.payload.last.eq(self.s_axis_link_tlast),
            link.i.valid.eq(self.s_axis_link_tvalid),
            self.s_axis_link_tready.eq(link.i.ready),
            self.m_axis_link_tdata.eq(link.o.payload.data),
            self.m_axis_link_tlast.eq(link.o.payload.last),
            self.m_axis_link_tvalid.eq(link.o.valid),
            link.o.ready.eq(self.m_axis_link_tready),
        ]
        wiring.connect(m, link.host, wiring.flipped(self.host))

        return m
