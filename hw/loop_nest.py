"""Nested loops over running sums: what a job's addresses are made of."""

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.pipeline import copied, named

__all__ = ["LoopNest"]


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
        free = Signal()  # the counters are for the job that comes, whether it is there or not
        loaded = Signal()  # the iteration to come is the first one of its job
        m.d.comb += [
            free.eq(~active | done),
            load.eq(fresh & free),
            stays_active.eq(load | (active & ~done)),
            self.o_take_room.eq(step),
        ]
        will_step = named(m, stays_active & self.i_will_have_room, name="will_step")
        m.d.sync += [
            active.eq(stays_active),
            step.eq(will_step),
            takes_job.eq(will_step & (load | (loaded & ~step))),
            self.o.valid.eq(step),
        ]
        # Apart from what decides; a step too many, after a reset, would move nothing that counts.
        moves, = copied(m, will_step, 1, name="moves")
        with m.If(load | step):
            m.d.sync += loaded.eq(load)
        with m.If(takes_job):
            m.d.sync += self.o.payload.job.eq(following)

        turn = self._add_loops(m, free, (load, moves, loaded), following)
        m.d.comb += done.eq(step & turn)

        return m

    def _add_loops(self, m, free, decides, following):
        """Add the loops' counters and sums, and return whether the iteration is the job's last."""
        _, moves, _ = decides
        step = self.o_take_room
        # A loop goes on when all loops inside it are in their last iteration. That is known a cycle
        # ahead, since it enables many registers.
        turn = first_turn = next_turn = C(1, 1)
        for name, loop in reversed(self.loops.items()):
            last, first_last, next_last = self._add_counter(m, name, loop, turn, free)
            # How it came to its present iteration: by going on, or again from the beginning.
            # Neither if a loop around it went on, or no loop did.
            goes_on = [
                Signal(name=f"{name}_{what}", reset_less=True) for what in ("went_on", "restarted")]
            with m.If(moves):
                m.d.sync += self.o.payload.last[name].eq(last)
                m.d.sync += Cat(goes_on).eq(Cat(turn & ~last, turn & last))
            self._add_sum(m, name, loop, (*decides, *goes_on), following)
            first_turn, next_turn = first_turn & first_last, next_turn & next_last
            turn = Signal(name=f"{name}_ends", reset_less=True)
            with m.If(free):
                m.d.sync += turn.eq(first_turn)
            with m.Elif(step):
                m.d.sync += turn.eq(next_turn)
        return turn

    def _add_counter(self, m, name, loop, turn, free):
        """Add the counter of a loop, which goes on when it is its `turn`.

        Return whether it is in its last iteration, is there first, and is there after this step.
        """
        bits = Shape.cast(self.job[loop.count].shape).width
        # It begins at the count less three, and its sign says that the next iteration is the last.
        first, again, left = (
            Signal(signed(bits + 1), name=f"{name}_{what}", reset_less=True)
            for what in ("first", "again", "left")
        )
        first_last, again_last, last = (
            Signal(name=f"{name}_{what}", reset_less=True)
            for what in ("first_last", "again_last", "last")
        )
        count = self.i.payload[loop.count]
        with m.If(self.i.ready):
            m.d.sync += [first.eq((count - 3)[:bits + 1].as_signed()), first_last.eq(count == 1)]
        after = Mux(last, again_last, left[-1])
        advances = self.o_take_room & turn
        with m.If(free):
            m.d.sync += [left.eq(first), again.eq(first)]
            m.d.sync += [last.eq(first_last), again_last.eq(first_last)]
        with m.Elif(advances):
            m.d.sync += [
                left.eq(Mux(last, again, left - 1)[:bits + 1].as_signed()), last.eq(after),
            ]
        return last, first_last, Mux(turn, after, last)

    def _add_sum(self, m, name, loop, how, following):
        """Add the sum of a loop."""
        load, moves, loaded, went_on, restarted = how
        step = self.o.payload.job[loop.step]
        if loop.is_limited(self.job):
            total, first, further = self._add_limited(m, name, loop, step)
        else:
            total, first = self.o.payload.sums[name], loop.first
            further = (total + step)[:len(total)]
        start = first(following)
        if loop.start is not None:
            # Of the job whose iterations are counted; that of the sums is a cycle behind.
            origin = Signal(Shape.cast(start.shape()), name=f"{name}_origin", reset_less=True)
            with m.If(load):
                m.d.sync += origin.eq(start)
            start = origin
        with m.If(moves & (loaded | restarted | went_on)):
            m.d.sync += total.eq(Mux(loaded | restarted, start, further))

    def _add_limited(self, m, name, loop, step):
        """Add a sum that counts from the lowest start on; its highest bit says: above the limit.

        Return it, what it is first, a function of the job, and what it is a step further.
        """
        lowest = loop.lowest(self.job)
        sign = (-lowest).bit_length() - 1  # the place of the sign in a start

        def first(job):
            start = loop.first(job)
            return loop.limited(Cat(start[:sign], ~start[sign]) if lowest else start, self.job)

        shape = loop.sum_shape(self.job)
        total = Signal(shape.width - shape.signed, name=f"{name}_total", reset_less=True)
        # In the bits below the sign, the lowest start is 0.
        counted = Cat(total[:sign], total[sign:] - 1) if lowest else total
        m.d.comb += self.o.payload.sums[name].eq(counted)
        step = loop.limited(step, self.job)
        bits = len(total) - 1
        added = total[:bits] + step[:bits]
        above = Cat(total[bits:], added[bits:], step[bits:]).any()
        return total, first, Cat(added[:bits], above)
