"""Nested loops over running sums: what a job's addresses are made of."""

from dataclasses import dataclass

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.pipeline import named

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
    ends, nor from a job of `OVERLAP` iterations or more to the next if that one waits.

    It has three stages: the job that comes next, the counters of the loops, which say in which of
    them the sums go on, and the sums. An iteration passes the last two only if there is room for
    it behind the nest; from there on nothing waits.

    Latency from a job to its first iteration is `LATENCY` cycles; throughput one iteration per
    cycle.

    Parameters
    ----------
    job : data.StructLayout
        Layout of a job. Counts are 1 or more.
    loops : Mapping of str to Loop
        The loops by name, the outermost first.

    Members
    -------
    i : In(stream.Signature(job))
        Jobs.
    i_will_have_room : In(1)
        There is room for an iteration in the next cycle.
    o_take_room : Out(1)
        It is taken.
    o : Out({payload: {sums, last, job}, valid: 1})
        Iterations, `SUMS_AFTER` cycles after their room was taken: the sum of each loop, whether it
        is in its last iteration, and the job.
    """

    SUMS_AFTER = 1
    LATENCY = 2 + SUMS_AFTER
    OVERLAP = 3

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
            "i":           In(stream.Signature(job)),
            "i_will_have_room": In(1),
            "o_take_room": Out(1),
            "o":           Out(wiring.Signature({"payload": Out(self.iteration), "valid": Out(1)})),
        })

    def elaborate(self, platform):
        m = Module()

        # The job that comes next stays until the sums have taken it, but is loaded only once.
        following = Signal(self.job, reset_less=True)
        held, fresh = Signal(), Signal()
        load, takes_job = Signal(), Signal()
        m.d.comb += self.i.ready.eq(~held)
        with m.If(self.i.ready):
            m.d.sync += [following.eq(self.i.payload), held.eq(self.i.valid)]
        with m.If(takes_job):
            m.d.sync += held.eq(0)
        m.d.sync += fresh.eq(Mux(self.i.ready, self.i.valid, fresh & ~load))

        active, step, done = Signal(), Signal(), Signal()
        stays_active = Signal()
        loaded = Signal()  # the iteration to come is the first one of its job
        m.d.comb += [
            load.eq(fresh & (~active | done)),
            stays_active.eq(load | (active & ~done)),
            takes_job.eq(step & loaded),
            self.o_take_room.eq(step),
        ]
        m.d.sync += [
            active.eq(stays_active),
            step.eq(stays_active & self.i_will_have_room),
            self.o.valid.eq(step),
        ]
        with m.If(load | step):
            m.d.sync += loaded.eq(load)
        with m.If(takes_job):
            m.d.sync += self.o.payload.job.eq(following)

        # A loop goes on when all loops inside it are in their last iteration.
        inner = []
        for name, loop in reversed(self.loops.items()):
            advances = named(m, step & Cat(inner).all() if inner else step, name=f"{name}_advances")
            last, goes_on = self._add_counter(m, name, loop, advances, load)
            inner.append(last)
            with m.If(step):
                m.d.sync += self.o.payload.last[name].eq(last)
                self._add_sum(m, name, loop, loaded, goes_on, following)
        m.d.comb += done.eq(step & Cat(inner).all())

        return m

    def _add_counter(self, m, name, loop, advances, load):
        """Add the counter of a loop, whose sign says that it is in its last iteration.

        Return that, and how the loop has come to its present iteration: by going on, or again from
        the beginning. Neither is so where a loop around it went on, or no loop did.
        """
        bits = Shape.cast(self.job[loop.count].shape).width
        first, again, left = (
            Signal(signed(bits + 1), name=f"{name}_{what}", reset_less=True)
            for what in ("first", "again", "left")
        )
        with m.If(self.i.ready):
            m.d.sync += first.eq((self.i.payload[loop.count] - 2)[:bits + 1].as_signed())
        last = left[-1]
        went_on, restarted = (
            Signal(name=f"{name}_{what}", reset_less=True) for what in ("went_on", "restarted"))
        with m.If(load):
            m.d.sync += [left.eq(first), again.eq(first)]
        with m.Elif(advances):
            m.d.sync += left.eq(Mux(last, again, left - 1)[:bits + 1].as_signed())
        with m.If(self.o_take_room):
            m.d.sync += [went_on.eq(advances & ~last), restarted.eq(advances & last)]
        return last, (went_on, restarted)

    def _add_sum(self, m, name, loop, loaded, how, following):
        """Add the sum of a loop."""
        went_on, restarted = how
        total, job = self.o.payload.sums[name], self.o.payload.job
        with m.If(loaded):
            m.d.sync += total.eq(loop.first(following))
        with m.Elif(restarted):
            m.d.sync += total.eq(loop.first(job))
        with m.Elif(went_on):
            m.d.sync += total.eq((total + job[loop.step])[:len(total)])
