"""Finds packets among bytes."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.packet import BYTES, MAGIC, MAX_WORDS, PACKET, PACKET_WORD
from hw.pipeline import registered

__all__ = ["PacketFramer", "check_gap"]


def check_gap(gap):
    """Raise TypeError or ValueError unless a pause can be so many cycles."""
    if not isinstance(gap, int) or isinstance(gap, bool):
        raise TypeError(f"gap must be an integer, not {gap!r}")
    if gap < 1:
        raise ValueError(f"gap must be 1 cycle or more, not {gap}")


class PacketFramer(wiring.Component):
    """Looks for the magic, byte by byte, and puts out the packet that follows as words.

    Where a packet ends is known from its length. If no byte comes for `gap` cycles within a packet,
    if it is longer than a packet may be, or if a word is not taken in time, then what was begun is
    ended by a word of 0, which makes a packet that `PacketReceiver` drops; and the search goes on.

    Latency is `LATENCY` cycles from a word's last byte to the word; a word is in time if it is
    taken a cycle before the next one would be put out.

    Parameters
    ----------
    gap : int
        Cycles without a byte after which a packet is given up, 1 or more.

    Members
    -------
    i : In(BYTES)
    o : Out(stream.Signature(PACKET_WORD))
    """

    LATENCY = 2

    def __init__(self, *, gap):
        check_gap(gap)
        self.gap = gap
        super().__init__({
            "i": In(BYTES),
            "o": Out(stream.Signature(PACKET_WORD)),
        })

    def elaborate(self, platform):
        m = Module()
        word = Signal(32, reset_less=True)  # the last four bytes
        came = Signal()                     # the last one has just come
        byte = Signal(2)                    # bytes of the word that came before
        is_fourth = Signal()                # `byte` is 3
        ends_word = Signal()                # that one `came`, in a packet
        # Of the words to come, less two: the sign says that the next one is the last. In the header
        # it counts the header's.
        left = Signal(signed((PACKET.words + MAX_WORDS).bit_length() + 1), reset_less=True)
        in_header = Signal()
        quiet = Signal(range(self.gap + 1))
        expired = Signal()  # `quiet` is the whole gap
        put, ends, free = Signal(), Signal(), Signal()
        m.d.comb += free.eq(~self.o.valid)
        following = Cat(word[8:], self.i.payload)
        m.d.sync += [
            came.eq(self.i.valid), ends_word.eq(0),
            expired.eq(~came & (quiet == self.gap - 1)),
        ]
        found = self._search(m)
        with m.If(self.i.valid):
            m.d.sync += word.eq(following)

        # Four bytes have come since `left` changed.
        last_of_header = registered(m, in_header & left[-1], name="last_of_header")
        last_of_packet = registered(m, ~in_header & left[-1], name="last_of_packet")
        too_long = registered(
            m, last_of_header & (self._length(following) > MAX_WORDS), name="too_long")
        with m.FSM() as fsm:
            with m.State("SEARCH"):
                m.d.sync += [
                    left.eq(PACKET.words - 3), in_header.eq(1), quiet.eq(0),
                    byte.eq(0), is_fourth.eq(0),
                ]
                with m.If(came & found & free):
                    m.d.comb += put.eq(1)
                    m.next = "PACKET"
            with m.State("PACKET"):
                m.d.sync += quiet.eq(Mux(came, 0, quiet + 1))
                m.d.sync += ends_word.eq(self.i.valid & Mux(came, byte == 2, is_fourth))
                with m.If(came):
                    m.d.sync += [byte.eq(byte + 1), is_fourth.eq(byte == 2)]
                with m.If(ends_word):
                    m.d.comb += [put.eq(~expired), ends.eq(last_of_packet)]
                    # The header's last word says how many follow; the CRC is one more.
                    m.d.sync += left.eq(Mux(
                        last_of_header, self._length(word) - 1, left - 1)[:len(left)].as_signed())
                    m.d.sync += in_header.eq(in_header & ~last_of_header)
                with m.If(expired | (ends_word & (~free | too_long))):
                    m.next = "GIVE UP"
                with m.Elif(ends_word & last_of_packet):
                    m.next = "SEARCH"
            with m.State("GIVE UP"):
                m.d.comb += [put.eq(1), ends.eq(1)]
                with m.If(free):
                    m.next = "SEARCH"

        self._put_out(m, free, put, ends, Mux(fsm.ongoing("GIVE UP"), 0, word))
        return m

    def _put_out(self, m, free, put, ends, word):
        """Register a word that is put while the output is free."""
        m.d.sync += self.o.valid.eq(Mux(free, put, ~self.o.ready))
        with m.If(free):
            m.d.sync += [self.o.payload.data.eq(word), self.o.payload.last.eq(ends)]

    def _search(self, m):
        """Return whether the last four bytes are the magic, when the last one has come."""
        follows = Const(1)
        for n in range(4):
            found = Signal(name=f"found_{n}")
            with m.If(self.i.valid):
                m.d.sync += found.eq(follows & (self.i.payload == (MAGIC >> 8 * n) & 0xFF))
            follows = found
        return found

    @staticmethod
    def _length(word):
        """Return the length that the last word of a header says."""
        return PACKET.layout(Cat(C(0, 32 * (PACKET.words - 1)), word)).length
