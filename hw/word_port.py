"""How a unit reads a memory of words."""

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["WordPort"]


class WordPort(wiring.Signature):
    """The read side of a `WordMemory`, as seen from the unit that reads.

    Parameters
    ----------
    shape : shape-like
        Shape of a word.
    depth : int
        Words of the memory.

    Members
    -------
    address : Out(range(depth))
        The word that is read.
    data : In(shape)
        What was read, as many cycles after its address as the memory takes.
    """

    def __init__(self, shape, *, depth):
        super().__init__({
            "address": Out(range(depth)),
            "data":    In(shape),
        })
