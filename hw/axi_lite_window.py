"""A window onto the registers over AXI4-Lite."""

from amaranth.hdl import *
from amaranth.lib import enum, wiring
from amaranth.lib.wiring import In, Out

from hw.host_port import HostMemory, HostPort

__all__ = ["AxiLiteWindow", "Response"]


class Response(enum.Enum, shape=2):
    """How a transfer ended, `BRESP` and `RRESP`."""

    OKAY = 0
    SLVERR = 2


class AxiLiteWindow(wiring.Component):
    """The registers as an AXI4-Lite subordinate: register n stands at byte address 4 n.

    A transfer that the core refuses, and a write of less than a whole word, which is not done, are
    answered with SLVERR. Reads and writes take turns, one at a time.

    Parameters
    ----------
    address_bits : int
        Width of the byte addresses, from 3 to 32.

    Members
    -------
    s_axil_*
        The five channels, with the names of the specification. `awprot` and `arprot` are not used.
    host : Out(HostPort())
        To the core.
    """

    def __init__(self, *, address_bits=12):
        if not isinstance(address_bits, int) or isinstance(address_bits, bool):
            raise TypeError(f"address_bits must be an integer, not {address_bits!r}")
        if not 3 <= address_bits <= 32:
            raise ValueError(f"address_bits must be from 3 to 32, not {address_bits}")
        self.address_bits = address_bits
        super().__init__({
            "s_axil_awaddr":  In(address_bits),
            "s_axil_awprot":  In(3),
            "s_axil_awvalid": In(1),
            "s_axil_awready": Out(1),
            "s_axil_wdata":   In(32),
            "s_axil_wstrb":   In(4),
            "s_axil_wvalid":  In(1),
            "s_axil_wready":  Out(1),
            "s_axil_bresp":   Out(Response),
            "s_axil_bvalid":  Out(1),
            "s_axil_bready":  In(1),
            "s_axil_araddr":  In(address_bits),
            "s_axil_arprot":  In(3),
            "s_axil_arvalid": In(1),
            "s_axil_arready": Out(1),
            "s_axil_rdata":   Out(32),
            "s_axil_rresp":   Out(Response),
            "s_axil_rvalid":  Out(1),
            "s_axil_rready":  In(1),
            "host":           Out(HostPort()),
        })

    def elaborate(self, platform):
        m = Module()
        request, reply = self.host.request, self.host.reply
        writes = Signal()
        address = Signal(30, reset_less=True)
        data = Signal(32, reset_less=True)
        m.d.comb += [
            request.payload.memory.eq(HostMemory.REGISTER),
            request.payload.write.eq(writes),
            request.payload.address.eq(address),
            request.payload.data.eq(data),
        ]

        with m.FSM():
            with m.State("IDLE"):
                self._accept(m, writes, address, data)
            with m.State("REQUEST"):
                m.d.comb += request.valid.eq(1)
                with m.If(request.ready):
                    m.next = "REPLY"
            with m.State("REPLY"):
                response = Mux(reply.payload.refused, Response.SLVERR, Response.OKAY)
                m.d.sync += [
                    self.s_axil_rdata.eq(reply.payload.data),
                    self.s_axil_rresp.eq(response),
                    self.s_axil_bresp.eq(response),
                ]
                with m.If(reply.valid):
                    m.next = "RESPONSE"
            with m.State("RESPONSE"):
                m.d.comb += [
                    self.s_axil_bvalid.eq(writes),
                    self.s_axil_rvalid.eq(~writes),
                ]
                with m.If(Mux(writes, self.s_axil_bready, self.s_axil_rready)):
                    m.next = "IDLE"

        return m

    def _accept(self, m, writes, address, data):
        """Take a write, or a read; if both wait, the one that was not the last."""
        asked = self.s_axil_awvalid & self.s_axil_wvalid
        takes_write, takes_read = Signal(), Signal()
        m.d.comb += [
            takes_write.eq(asked & ~(self.s_axil_arvalid & writes)),
            takes_read.eq(self.s_axil_arvalid & ~takes_write),
            self.s_axil_awready.eq(takes_write),
            self.s_axil_wready.eq(takes_write),
            self.s_axil_arready.eq(takes_read),
        ]
        with m.If(takes_write | takes_read):
            m.d.sync += [
                writes.eq(takes_write),
                address.eq(Mux(takes_write, self.s_axil_awaddr, self.s_axil_araddr)[2:]),
            ]
            m.next = "REQUEST"
        with m.If(takes_write):
            m.d.sync += data.eq(self.s_axil_wdata)
        with m.If(takes_write & ~self.s_axil_wstrb.all()):
            m.d.sync += self.s_axil_bresp.eq(Response.SLVERR)
            m.next = "RESPONSE"
