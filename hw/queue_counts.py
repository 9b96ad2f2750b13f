"""What a queue holds, and the room that it lends."""

from amaranth.hdl import *

from hw.stock import Stock

__all__ = ["RETURN", "add_counts"]

RETURN = 1 + Stock.OUTLOOK_LATENCY
"""Cycles from a payload's leaving until its room can be taken again."""


def add_counts(m, queue, *, most):
    """Add both counts of a queue: return the stocks of what it holds and of room, and what leaves.

    Parameters
    ----------
    m : Module
        The queue's.
    queue : Component
        It takes `i_valid` and `i_take_room`, and has `o_room` and the stream `o`.
    most : int
        Payloads that it holds or has lent room for.
    """
    m.submodules.present = present = Stock(limit=most)
    m.submodules.room = room = Stock(limit=most, init=most)
    taken, returned = Signal(), Signal()
    m.d.comb += [
        taken.eq(queue.o.ready & queue.o.valid),
        queue.o.valid.eq(present.o_some),
        present.i_put.eq(queue.i_valid),
        present.i_take.eq(queue.o.ready),
        room.i_put.eq(returned),
        room.i_take.eq(queue.i_take_room),
        queue.o_room.eq(room.o.now),
    ]
    # Who takes room may be far from the reader.
    m.d.sync += returned.eq(taken)
    return present, room, taken
