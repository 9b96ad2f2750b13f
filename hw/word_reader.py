"""Reads runs of words from a memory as a stream: weights and requantizer parameters."""

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.word_memory import WordMemory
from hw.word_port import WordPort

__all__ = ["WordReader", "WordRun"]


class WordRun(data.StructLayout):
    """A run of neighbouring words.

    Parameters
    ----------
    depth : int
        Words of the memory. A run ends inside it.
    """

    def __init__(self, *, depth):
        super().__init__({
            "address":       range(depth),  # of the first word
            "words_minus_1": range(depth),  # words, less one
        })


class WordReader(wiring.Component):
    """Reads one run after the other, ahead of whoever takes the words.

    Latency from a run to its first word is `LATENCY` cycles; throughput one word per cycle, with no
    bubble between runs. A reader that stalls stops the memory's read pipeline.

    Parameters
    ----------
    shape : shape-like
        Shape of a word.
    depth : int
        Words of the memory.

    Members
    -------
    i : In(stream.Signature(WordRun))
        The runs, in order.
    memory : Out(WordPort(shape, depth))
        The memory that is read.
    o : Out(stream.Signature(shape))
        The words, in order.
    """

    LATENCY = 1 + WordMemory.READ_LATENCY

    def __init__(self, shape, *, depth):
        self.depth = depth
        super().__init__({
            "i":      In(stream.Signature(WordRun(depth=depth))),
            "memory": Out(WordPort(shape, depth=depth)),
            "o":      Out(stream.Signature(shape)),
        })

    def elaborate(self, platform):
        m = Module()

        busy = Signal()
        left = Signal(range(self.depth), reset_less=True)
        address = Signal(range(self.depth), reset_less=True)
        last = left == 0
        arriving = Signal(WordMemory.READ_LATENCY)  # which steps of the memory hold a word

        m.d.comb += [
            self.o.valid.eq(arriving[-1]),
            self.o.payload.eq(self.memory.data),
            self.memory.en.eq(self.o.ready | ~self.o.valid),
            self.memory.address.eq(address),
            self.i.ready.eq(self.memory.en & (last | ~busy)),
        ]
        with m.If(self.memory.en):
            m.d.sync += [
                arriving.eq(Cat(busy, arriving)[:len(arriving)]),
                address.eq((address + 1)[:len(address)]),
                left.eq((left - 1)[:len(left)]),
            ]
            with m.If(last | ~busy):
                m.d.sync += [
                    busy.eq(self.i.valid),
                    address.eq(self.i.payload.address),
                    left.eq(self.i.payload.words_minus_1),
                ]
        return m
