"""Writes the results of the engine into memory, a row a cycle."""

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.job_layout import job_layout
from hw.loop import Loop
from hw.loop_nest import LoopNest
from hw.output_buffer import OutputBuffer
from hw.pipeline import delayed, registered

__all__ = ["OutputWriter"]

_LOOPS = {
    "n": ("tiles_n", "output_step_n", "output_address"),
    "y": ("rows_y", "output_pitch_y"),
    "x": ("rows_x", "output_pitch_x"),
}


class OutputWriter(wiring.Component):
    """Writes the results of instructions that drain, as `docs/accelerator.md` has it.

    For each column tile n, row y and column x, a row of results is written at ::

        output_address + n * output_step_n + y * output_pitch_y + x * output_pitch_x

    of which the first `width` bytes count, or `last_width` in the last tile. Addresses are made
    ahead of the results and wait for them.

    A row that would reach outside the memory is not written: `o_error` rises, and until a reset
    rows are taken and neither written nor counted.

    Latency from a job to the first row taken is `LATENCY` cycles; from a row to its write, 0.
    Throughput one row per cycle, with no bubble between jobs.

    Parameters
    ----------
    cols : int
        Bytes of a row of results.
    size : int
        Bytes of the memory.
    instruction : data.Layout or None
        A layout of the instruction's fields, see `job_layout`. It tells addresses and steps up to
        `size`; larger ones may be others that are.

    Members
    -------
    i : In(stream.Signature(job))
        Jobs, in the order of the program; widths from 1 to `cols`. Fewer than 16 are here at once.
    i_output : In(stream.Signature({data: ArrayLayout(signed(8), cols), last: 1}))
        Rows of results, as `GemmEngine` puts them out.
    write_en : Out(1)
    write_address : Out(range(size))
    write_count : Out(range(cols + 1))
    write_data : Out(ArrayLayout(signed(8), cols))
        The write side of the memory.
    o_written : Out(4)
        How many jobs are written, modulo 16; it counts `COUNTED_AFTER` cycles after their last
        `write_en`.
    o_error : Out(1)
        The job after those writes outside the memory.
    """

    FIELDS = (
        "output_address", "tiles_n", "rows_y", "rows_x", "width", "last_width", "output_step_n",
        "output_pitch_y", "output_pitch_x",
    )
    _ADDRESS_LATENCY = 5
    LATENCY = LoopNest.LATENCY + _ADDRESS_LATENCY + OutputBuffer.LATENCY
    AHEAD = 1 << (
        LoopNest.SUMS_AFTER + _ADDRESS_LATENCY + OutputBuffer.LATENCY + OutputBuffer.RETURN - 1
    ).bit_length()
    """Rows whose addresses are under way: those of the pipeline and of the way back of the room."""
    COUNTED_AFTER = 2

    def __init__(self, *, cols, size, instruction=None):
        self.cols = cols
        self.size = size
        self.job = job_layout(*self.FIELDS, instruction=instruction)
        row = data.ArrayLayout(signed(8), cols)
        self._place = data.StructLayout({
            "address": range(size),
            "count":   range(cols + 1),
            "outside": 1,  # or behind one that is
            "ends":    1,  # the last row of its job
        })
        super().__init__({
            "i":             In(stream.Signature(self.job)),
            "i_output":      In(stream.Signature(data.StructLayout({"data": row, "last": 1}))),
            "write_en":      Out(1),
            "write_address": Out(range(size)),
            "write_count":   Out(range(cols + 1)),
            "write_data":    Out(row),
            "o_written":     Out(4),
            "o_error":       Out(1),
        })

    @property
    def _address_bits(self):
        """Bits of an address that is made.

        Addresses only rise, by one step at a time, and the first one outside the memory stops the
        writer. So one that would wrap in these bits comes too late to matter.
        """
        steps = ("output_address", "output_step_n", "output_pitch_y", "output_pitch_x")
        return 1 + max(Shape.cast(self.job[name].shape).width for name in steps)

    def elaborate(self, platform):
        m = Module()

        m.submodules.loops = loops = LoopNest(self.job, {
            name: Loop(*fields, bits=self._address_bits) for name, fields in _LOOPS.items()
        })
        m.submodules.places = places = OutputBuffer(self._place, depth=self.AHEAD)
        wiring.connect(m, wiring.flipped(self.i), loops.i)
        valid = Signal(self._ADDRESS_LATENCY)
        m.d.sync += valid.eq(Cat(loops.o.valid, valid[:-1]))
        m.d.comb += [
            loops.i_will_have_room.eq(places.o_will_have_room),
            places.i_take_room.eq(loops.o_take_room),
            places.i_payload.eq(self._locate(m, loops.o.payload, valid)),
            places.i_valid.eq(valid[-1]),
        ]

        place = places.o.payload
        take, good, failed = Signal(), Signal(), Signal()
        m.d.comb += [
            self.i_output.ready.eq(places.o.valid),
            places.o.ready.eq(self.i_output.valid),
            take.eq(places.o.valid & self.i_output.valid),
            good.eq(take & ~place.outside),
            self.write_en.eq(good),
            self.write_address.eq(place.address),
            self.write_count.eq(place.count),
            self.write_data.eq(self.i_output.payload.data),
        ]
        # Whoever looks at these is far away.
        ended = Signal()
        m.d.sync += [
            ended.eq(good & place.ends),
            failed.eq(failed | (take & place.outside)),
            self.o_error.eq(failed),
        ]
        with m.If(ended):
            m.d.sync += self.o_written.eq((self.o_written + 1)[:len(self.o_written)])

        return m

    def _locate(self, m, iteration, valid):
        """Return where the row of an iteration is written, `_ADDRESS_LATENCY` cycles later.

        The rows behind one that is outside are not written either, so they are outside, too.
        """
        sums, job = iteration.sums, iteration.job
        width = Mux(iteration.last.n, job.last_width, job.width)

        # Cycles 1 and 2: the address. Cycle 3: where the row ends. Cycle 4: whether it fits.
        # Cycle 5: whether all before it do.
        bits = self._address_bits
        near = registered(m, (sums.n + sums.x)[:bits], name="near")
        far = registered(m, sums.y, name="far")
        address = registered(m, (near + far)[:bits], name="address")
        count = delayed(m, width, 2, name="count")
        end = registered(m, address + count, name="end")
        exceeds = registered(m, end > self.size, name="exceeds")
        outside = Signal()
        m.d.sync += outside.eq(outside | (exceeds & valid[-2]))
        last = delayed(m, iteration.last.as_value().all(), self._ADDRESS_LATENCY, name="last")

        place = Signal(self._place)
        m.d.comb += [
            place.address.eq(delayed(m, address[:len(place.address)], 3, name="low_address")),
            place.count.eq(delayed(m, count[:len(place.count)], 3, name="low_count")),
            place.outside.eq(outside),
            place.ends.eq(last),
        ]
        return place
