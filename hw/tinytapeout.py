"""A small GEMM engine behind the pins of a TinyTapeout project."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.gemm_engine import GemmEngine

__all__ = ["TinyTapeout"]


class TinyTapeout(wiring.Component):
    """`GemmEngine` whose streams pass through two byte-wide ports, a byte a cycle.

    A beat is sent lowest byte first, with its stream on `uio_in[1:0]` for all of its bytes. Streams
    share the way in, so a beat that waits holds up the ones behind it: send, for each pass, the
    pass, its weights, its parameters if it drains, and its activations, and take results meanwhile.

    ::

        uio   0, 1   in   stream of the byte: 0 pass, 1 weight, 2 activation, 3 parameter
              2      in   there is a byte on ui_in
              3      out  it is taken
              4      out  there is a byte of a result on uo_out, column 0 first
              5      in   it is taken
              6      out  the byte belongs to the last row of a pass
              7      out  0

    The reset is brought into step with the clock: the first byte may come four cycles after it.
    Throughput is a byte a cycle each way, but one cycle after each beat in.

    Parameters
    ----------
    config : EngineConfig
        Sizes, formats and schemes: small ones, for everything becomes flip-flops.

    Members
    -------
    clk, rst_n, ena : In(1)
        Clock, reset active low, and that the project is selected, which is not used.
    ui_in, uio_in : In(8)
    uo_out, uio_out, uio_oe : Out(8)
        As above; `uio_oe` is 1 where a pin of `uio` is an output.
    """

    STREAMS = ("pass", "weight", "activation", "parameter")
    DIRECTIONS = 0b1101_1000
    ENTRIES = 2  # parameter tables are its largest part in gates

    def __init__(self, config):
        self.config = config
        self._engine = GemmEngine(config, entries=self.ENTRIES)
        super().__init__({
            "clk":     In(1),
            "rst_n":   In(1),
            "ena":     In(1),
            "ui_in":   In(8),
            "uo_out":  Out(8),
            "uio_in":  In(8),
            "uio_out": Out(8),
            "uio_oe":  Out(8),
        })

    def beat_bytes(self, stream):
        """Bytes of a beat of a stream of `STREAMS`."""
        return -(-len(self._payload(stream)) // 8)

    def _payload(self, stream):
        return getattr(self._engine, f"i_{stream}").payload.as_value()

    def elaborate(self, platform):
        m = Module()
        m.domains.sync = ClockDomain()
        reset = Signal(2, reset_less=True)
        m.d.sync += reset.eq(Cat(~self.rst_n, reset[0]))
        m.d.comb += [
            ClockSignal().eq(self.clk),
            ResetSignal().eq(reset[1]),
            self.uio_oe.eq(self.DIRECTIONS),
        ]
        m.submodules.engine = self._engine
        self._take_beats(m)
        self._give_results(m)
        return m

    def _take_beats(self, m):
        """Collect the bytes of a beat, then offer it to its stream."""
        sizes = [self.beat_bytes(stream) for stream in self.STREAMS]
        beat = Signal(8 * max(sizes), reset_less=True)
        chosen = Signal(2, reset_less=True)
        count = Signal(range(max(sizes)))
        full = Signal()
        m.d.comb += self.uio_out[3].eq(~full)

        with m.If(~full & self.uio_in[2]):
            m.d.sync += [
                beat.eq(Cat(beat[8:], self.ui_in)),
                chosen.eq(self.uio_in[:2]),
                count.eq(count + 1),
            ]
            last = Array([size - 1 for size in sizes])[self.uio_in[:2]]
            with m.If(count == last):
                m.d.sync += [count.eq(0), full.eq(1)]

        for number, (name, size) in enumerate(zip(self.STREAMS, sizes, strict=True)):
            stream, payload = getattr(self._engine, f"i_{name}"), self._payload(name)
            first = 8 * (max(sizes) - size)
            m.d.comb += [
                payload.eq(beat[first:first + len(payload)]),
                stream.valid.eq(full & (chosen == number)),
            ]
            with m.If(stream.valid & stream.ready):
                m.d.sync += full.eq(0)

    def _give_results(self, m):
        """Put out a row of results column by column."""
        results = self._engine.o
        data, columns = results.payload.data, self.config.cols
        column = Signal(range(columns))
        taken = results.valid & self.uio_in[5]
        m.d.comb += [
            self.uo_out.eq(Array(data[c] for c in range(columns))[column]),
            self.uio_out[4].eq(results.valid),
            self.uio_out[6].eq(results.valid & results.payload.last),
            results.ready.eq(taken & (column == columns - 1)),
        ]
        with m.If(taken):
            m.d.sync += column.eq(Mux(column == columns - 1, 0, column + 1))
