"""Reads activations out of memory, a row of the array a cycle."""

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.activation_window import ActivationWindow
from hw.job_layout import job_layout
from hw.loop import Loop
from hw.loop_nest import LoopNest
from hw.multiplier_kind import MultiplierKind
from hw.output_buffer import OutputBuffer
from hw.pipeline import delayed, named, registered

__all__ = ["ActivationReader"]

class ActivationReader(wiring.Component):
    """Reads the activations of an instruction: its loop nest, as `docs/accelerator.md` has it.

    A job with `wait` begins when as many jobs are written as `wait_for` says, modulo 16. There is
    no bubble where a loop ends, nor from a job to the next if that one need not wait.

    A row that would read outside the memory stops the reader until it is reset: `o_error` rises,
    and neither that row nor a later one is put out or counted.

    The memory never waits: a row is read only when there is room for it in the output buffer.
    Latency from a job, or the `i_written` that it waits for, to its first `read_en` is `READ_AFTER`
    cycles; from `read_en` to the row, `row_latency`. Throughput one row per cycle.

    Parameters
    ----------
    rows : int
        Bytes of a row of the array.
    size : int
        Bytes of the memory.
    read_latency : int
        Cycles from an address to its data, 3 to 8, so that fewer than 16 jobs are ever here.
    instruction : data.Layout or None
        A layout of the instruction's fields, see `job_layout`.
    multiplier : MultiplierKind
        What the product of an address is built of.

    Members
    -------
    i : In(stream.Signature(job))
        Jobs, in the order of the program. Neither `row_bytes` nor `image_rows` is above `size`.
    i_written : In(4)
        How many jobs the output writer has finished, modulo 16; `OutputWriter.o_written`.
    o : Out(stream.Signature(ArrayLayout(signed(8), rows)))
        Rows of activations.
    read_en : Out(1)
    read_address : Out(range(size))
    read_data : In(ArrayLayout(signed(8), rows))
        The read side of the memory.
    o_waiting : Out(1)
        A job waits for earlier ones to be written.
    o_read : Out(4)
        How many jobs are read to their end, modulo 16. Rows of theirs may still wait at the output.
    o_error : Out(1)
        The job after those reads outside the memory.
    """

    FIELDS = (
        "padding", "activation_address", "tiles_n", "steps_ky", "steps_kx", "steps_kc", "rows_y",
        "rows_x", "x_start", "step_x", "step_kx", "step_kc", "step_n", "y_start", "step_y",
        "step_ky", "image_rows", "row_bytes", "wait",
    )
    BEGIN_AFTER = 1
    """Cycles from a job, or the `i_written` that it waits for, until it is taken."""

    COUNTED_AFTER = 1
    """Cycles from the last row of a job at the output buffer to its count in `o_read`."""

    READ_AFTER = BEGIN_AFTER + LoopNest.LATENCY + ActivationWindow.ADDRESS_AFTER

    def __init__(self, *, rows, size, read_latency, instruction=None,
                 multiplier=MultiplierKind.PORTABLE):
        # At least until it is known that a window is outside; at most one job for each number of
        # `o_read` but one: those of a row each on their way or being counted, one in the loops and
        # one before them.
        least = ActivationWindow.OUTSIDE_AFTER - ActivationWindow.ADDRESS_AFTER
        most = 15 - ActivationWindow.ADDRESS_AFTER - self.COUNTED_AFTER - 2
        if not least <= read_latency <= most:
            raise ValueError(f"read_latency must be from {least} to {most}, not {read_latency}")
        self.rows = rows
        self.size = size
        self.multiplier = multiplier
        self.read_latency = read_latency
        self.job = job_layout(*self.FIELDS, instruction=instruction, wait_for=4)
        row = data.ArrayLayout(signed(8), rows)
        super().__init__({
            "i":            In(stream.Signature(self.job)),
            "i_written":    In(4),
            "o":            Out(stream.Signature(row)),
            "read_en":      Out(1),
            "read_address": Out(range(size)),
            "read_data":    In(row),
            "o_waiting":    Out(1),
            "o_read":       Out(4),
            "o_error":      Out(1),
        })

    @property
    def pipeline_latency(self):
        """Cycles from taking room for a row to the row at the output buffer."""
        return LoopNest.SUMS_AFTER + ActivationWindow.ADDRESS_AFTER + self.read_latency + 1

    @property
    def row_latency(self):
        """Cycles from `read_en` to the row at the output."""
        return self.read_latency + 1 + OutputBuffer.LATENCY

    @property
    def buffer_depth(self):
        """Rows under way and buffered: those of the pipeline and of the way back of the room."""
        return 1 << (
            self.pipeline_latency + OutputBuffer.LATENCY + OutputBuffer.RETURN - 1
        ).bit_length()

    def _loops(self):
        """Return the loops. How far behind the image they lead does not matter."""
        def limits(start, extent):
            # A sum with the start only rises by the others, which may begin at the lowest.
            shapes = [Shape.cast(self.job[name].shape) for name in (start, extent)]
            last = min(self.size, (1 << shapes[1].width) - 1) - 1
            return last, last + (1 << (shapes[0].width - 1))

        offset, further = limits("x_start", "row_bytes")
        row, rows_further = limits("y_start", "image_rows")
        return {
            "n":  Loop("tiles_n", "step_n", "x_start", limit=offset),
            "ky": Loop("steps_ky", "step_ky", "y_start", limit=row),
            "kx": Loop("steps_kx", "step_kx", limit=further),
            "kc": Loop("steps_kc", "step_kc", limit=further),
            "y":  Loop("rows_y", "step_y", limit=rows_further),
            "x":  Loop("rows_x", "step_x", limit=further),
        }

    def elaborate(self, platform):
        m = Module()

        m.submodules.loops = loops = LoopNest(self.job, self._loops())
        m.submodules.window = window = ActivationWindow(
            loops.iteration, rows=self.rows, size=self.size, multiplier=self.multiplier
        )
        m.submodules.output = output = OutputBuffer(self.o.payload.shape(), depth=self.buffer_depth)
        wiring.connect(m, output.o, wiring.flipped(self.o))

        job = self.i.payload
        begins = Signal()
        may_begin = ~job.wait | (job.wait_for == self.i_written)
        m.d.sync += begins.eq(self.i.valid & ~self.i.ready & may_begin)
        m.d.comb += [
            loops.i.payload.eq(job),
            loops.i.valid.eq(self.i.valid & begins),
            self.i.ready.eq(loops.i.ready & begins),
            self.o_waiting.eq(self.i.valid & ~may_begin),
            loops.i_will_have_room.eq(output.o_will_have_room),
            output.i_take_room.eq(loops.o_take_room),
            window.i.eq(loops.o.payload),
        ]

        # There is a row at each stage, from the sums to its data.
        rows = Signal(ActivationWindow.ADDRESS_AFTER + self.read_latency)
        m.d.sync += rows.eq(Cat(loops.o.valid, rows[:-1]))
        m.d.comb += [
            self.read_en.eq(rows[ActivationWindow.ADDRESS_AFTER - 1]),
            self.read_address.eq(window.o_address),
        ]
        self._finish(m, window, output, rows, loops.o.payload)
        return m

    def _finish(self, m, window, output, rows, iteration):
        """Put out the row whose data is there, count its job if it ends it, or stop."""
        cycles = len(rows)
        outside = delayed(
            m, window.o_outside, cycles - ActivationWindow.OUTSIDE_AFTER, name="outside"
        )
        last = delayed(m, iteration.last.as_value().all(), cycles, name="last")
        stops, valid, ends = Signal(), Signal(), Signal()
        good = named(m, rows[-1] & ~outside & ~stops, name="good")
        m.d.sync += [valid.eq(good), ends.eq(good & last), self.o_error.eq(stops)]
        with m.If(rows[-1] & outside):
            m.d.sync += stops.eq(1)
        # Who looks at the count is far away.
        with m.If(ends):
            m.d.sync += self.o_read.eq((self.o_read + 1)[:len(self.o_read)])
        m.d.comb += output.i_valid.eq(valid)

        padding = delayed(m, iteration.job.padding, cycles, name="padding")
        early = cycles - 1 - ActivationWindow.EXTENT_AFTER
        lead = delayed(m, window.o_lead, early, name="lead")
        end = delayed(m, window.o_end, early, name="end")
        for i in range(self.rows):
            real = registered(m, (lead <= i) & (i < end), name=f"real_{i}")
            byte = registered(m, Mux(real, self.read_data[i], padding), name=f"byte_{i}")
            m.d.comb += output.i_payload[i].eq(byte)
