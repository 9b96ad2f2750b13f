"""Lets several hosts share the core."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.host_port import HostPort

__all__ = ["HostArbiter"]

_PENDING = 15


class HostArbiter(wiring.Component):
    """Passes requests of several hosts on, and each reply to the host that asked.

    While several ask, they take turns, a request each; a host that is alone is not held up.

    Latency is 0 cycles, and 1 where the core changes hands, which it does when it has answered.
    Throughput for one host is one request per cycle, with up to 15 replies under way.

    Parameters
    ----------
    hosts : int
        How many, 2 or more.

    Members
    -------
    hosts : In(HostPort()).array(hosts)
    core : Out(HostPort())
    """

    def __init__(self, *, hosts):
        if not isinstance(hosts, int) or isinstance(hosts, bool):
            raise TypeError(f"hosts must be an integer, not {hosts!r}")
        if hosts < 2:
            raise ValueError(f"hosts must be 2 or more, not {hosts}")
        super().__init__({
            "hosts": In(HostPort()).array(hosts),
            "core":  Out(HostPort()),
        })

    def elaborate(self, platform):
        m = Module()
        owner = Signal(range(len(self.hosts)))
        pending = Signal(range(_PENDING + 1))
        closed = Signal()
        asked = Signal()

        m.d.comb += asked.eq(self.core.request.valid & self.core.request.ready)
        m.d.sync += pending.eq((pending + asked - self.core.reply.valid)[:len(pending)])
        with m.Switch(owner):
            for number, host in enumerate(self.hosts):
                with m.Case(number):
                    self._connect(m, host, ~closed & (pending != _PENDING))
                    # A turn ends behind a request, and the next one begins behind its reply.
                    after = [*range(number + 1, len(self.hosts)), *range(number)]
                    others = Cat(self.hosts[other].request.valid for other in after).any()
                    m.d.sync += closed.eq((closed | asked) & others)
                    with m.If(others & (pending == 0) & (closed | ~host.request.valid)):
                        m.d.sync += closed.eq(0)
                        for other in reversed(after):
                            with m.If(self.hosts[other].request.valid):
                                m.d.sync += owner.eq(other)
        return m

    def _connect(self, m, host, is_open):
        core = self.core
        m.d.comb += [
            core.request.payload.eq(host.request.payload),
            core.request.valid.eq(host.request.valid & is_open),
            host.request.ready.eq(core.request.ready & is_open),
            host.reply.payload.eq(core.reply.payload),
            host.reply.valid.eq(core.reply.valid),
        ]
