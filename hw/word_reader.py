"""Reads runs of words from a memory as a stream: weights and requantizer parameters."""

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.pipeline import named
from hw.word_port import WordPort
from hw.word_queue import WordQueue

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

    A word is read only when there is room for it in the queue at the output, so the memory need
    not wait.

    Latency from a run to its first word is `latency` cycles; throughput one word per cycle, with no
    bubble between runs.

    Parameters
    ----------
    shape : shape-like
        Shape of a word.
    depth : int
        Words of the memory.
    read_latency : int
        Cycles from an address to its word, 1 or more; of a `WordMemory`, its own.

    Members
    -------
    i : In(stream.Signature(WordRun))
        The runs, in order.
    memory : Out(WordPort(shape, depth))
        The memory that is read.
    o : Out(stream.Signature(shape))
        The words, in order.
    """

    def __init__(self, shape, *, depth, read_latency):
        if read_latency < 1:
            raise ValueError(f"read_latency must be 1 or more, not {read_latency}")
        self.depth = depth
        self.read_latency = read_latency
        super().__init__({
            "i":      In(stream.Signature(WordRun(depth=depth))),
            "memory": Out(WordPort(shape, depth=depth)),
            "o":      Out(stream.Signature(shape)),
        })

    @property
    def word_latency(self):
        """Cycles from the address of a word to the word at the output."""
        return self.read_latency + WordQueue.LATENCY

    @property
    def latency(self):
        """Cycles from a run to its first word at the output."""
        return 1 + self.word_latency

    @property
    def room_after(self):
        """Cycles from a word's leaving until its room can be taken."""
        return WordQueue.RETURN

    @property
    def ahead(self):
        """Words under way and queued: those of the memory and of the way back of the room."""
        return self._depth - 1

    @property
    def _depth(self):
        return 1 << (self.word_latency + WordQueue.RETURN).bit_length()

    def elaborate(self, platform):
        m = Module()
        busy, room, reads = Signal(), Signal(), Signal()
        address = Signal(range(self.depth), reset_less=True)
        # The words after this one, less one: a sign says that there are none.
        left = Signal(len(address) + 1, reset_less=True)
        run = self.i.payload
        moves, ends = named(m, ~busy | room, name="moves"), ~busy | left[-1]
        m.d.comb += [
            reads.eq(busy & room),
            self.memory.address.eq(address),
            self.i.ready.eq(moves & ends),
        ]
        # Two differences and then a choice, so that the choice's wire does not pass a carry chain.
        fewer = Signal.like(left, attrs={"keep": 1})
        m.d.comb += fewer.eq((left - 1)[:len(left)])
        with m.If(moves):
            m.d.sync += [
                busy.eq(~ends | self.i.valid),
                address.eq(Mux(ends, run.address, (address + 1)[:len(address)])),
                left.eq(Mux(ends, (run.words_minus_1 - 1)[:len(left)], fewer)),
            ]
        self._queue(m, room, reads)
        return m

    def _queue(self, m, room, reads):
        """Add a queue with room for the words under way."""
        m.submodules.output = output = WordQueue(self.o.payload.shape(), depth=self._depth)
        wiring.connect(m, output.o, wiring.flipped(self.o))
        under_way = Signal(self.read_latency)
        m.d.sync += under_way.eq(Cat(reads, under_way)[:-1])
        m.d.comb += [
            room.eq(output.o_room),
            output.i_take_room.eq(reads),
            output.i_valid.eq(under_way[-1]),
            output.i_payload.eq(self.memory.data),
        ]
