"""Nested loops over running sums: what a job's addresses are made of."""

from dataclasses import dataclass

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Loop", "LoopNest"]


@dataclass(frozen=True)
class Loop:
    """A loop of a nest. What it takes are names of members of the job.

    Parameters
    ----------
    count : str
        How many iterations; unsigned.
    step : str
        What is added to the loop's sum from an iteration to the next; unsigned.
    start : str or None
        The sum in the first iteration; 0 if None.
    bits : int or None
        Keep only so many low bits of the sum; None keeps all.
    """

    count: str
    step: str
    start: str | None = None
    bits: int | None = None

    def sum_shape(self, job):
        """Shape of the sum, wide enough for any job of that layout unless `bits` says less."""
        if self.bits is not None:
            return unsigned(self.bits)
        count, step = (Shape.cast(job[name].shape) for name in (self.count, self.step))
        added = count.width + step.width
        if self.start is None:
            return unsigned(added)
        start = Shape.cast(job[self.start].shape)
        return Shape(max(start.width - start.signed, added) + 1 + start.signed, start.signed)

    def first(self, job):
        """Return the sum in the first iteration of a job."""
        first = job[self.start] if self.start else C(0)
        return first if self.bits is None else first[:self.bits]


class LoopNest(wiring.Component):
    """Walks through the loops of a job, one iteration of the innermost a cycle.

    The sum of a loop in its iteration i is `start + i * step`. There is no bubble where a loop
    ends, nor from a job to the next if that one waits. `i.ready` depends on `o.ready` in the same
    cycle.

    Latency from a job to its first iteration is `LATENCY` cycles; throughput one iteration per
    cycle.

    Parameters
    ----------
    job : data.StructLayout
        Layout of a job. A count of 0 means 2^(its bits) iterations.
    loops : Mapping of str to Loop
        The loops by name, the outermost first.

    Members
    -------
    i : In(stream.Signature(job))
        Jobs.
    o : Out(stream.Signature({sums, last, job}))
        Iterations: the sum of each loop, whether it is in its last iteration, and the job.
    """

    LATENCY = 1

    def __init__(self, job, loops):
        self.job = job
        self.loops = dict(loops)
        self.iteration = data.StructLayout({
            "sums": data.StructLayout({
                name: loop.sum_shape(job) for name, loop in self.loops.items()
            }),
            "last": data.StructLayout(dict.fromkeys(self.loops, 1)),
            "job":  job,
        })
        super().__init__({
            "i": In(stream.Signature(job)),
            "o": Out(stream.Signature(self.iteration)),
        })

    def elaborate(self, platform):
        m = Module()

        job = Signal(self.job, reset_less=True)
        active = Signal()
        load = Signal()
        done = Signal()
        m.d.comb += [
            self.o.valid.eq(active),
            self.o.payload.job.eq(job),
            self.i.ready.eq(done | ~active),
            load.eq(self.i.ready & self.i.valid),
        ]
        with m.If(self.i.ready):
            m.d.sync += active.eq(self.i.valid)
        with m.If(load):
            m.d.sync += job.eq(self.i.payload)

        # A loop goes on when all loops inside it are in their last iteration.
        advance = active & self.o.ready
        for name, loop in reversed(self.loops.items()):
            advance = self._add_loop(m, name, loop, job, advance, load)
        m.d.comb += done.eq(advance)

        return m

    def _add_loop(self, m, name, loop, job, advance, load):
        """Add the state of a loop; return when the loop around it goes on."""
        left = Signal.like(job[loop.count], name=f"{name}_left", reset_less=True)
        total = Signal(loop.sum_shape(self.job), name=f"{name}_sum", reset_less=True)
        last = Signal(name=f"{name}_last", reset_less=True)
        single = Signal(name=f"{name}_single", reset_less=True)
        m.d.comb += [
            self.o.payload.sums[name].eq(total),
            self.o.payload.last[name].eq(last),
        ]
        following = self.i.payload
        with m.If(load):
            only = following[loop.count] == 1
            m.d.sync += [
                left.eq(following[loop.count]),
                total.eq(loop.first(following)),
                last.eq(only),
                single.eq(only),
            ]
        with m.Elif(advance & last):
            m.d.sync += [
                left.eq(job[loop.count]),
                total.eq(loop.first(job)),
                last.eq(single),
            ]
        with m.Elif(advance):
            m.d.sync += [
                left.eq((left - 1)[:len(left)]),
                total.eq((total + job[loop.step])[:len(total)]),
                last.eq(left == 2),
            ]
        ends = Signal(name=f"{name}_ends")
        m.d.comb += ends.eq(advance & last)
        return ends
