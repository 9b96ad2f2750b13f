"""The CRC of a packet, some bits of its words a cycle."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.crc import Algorithm
from amaranth.lib.wiring import In, Out

from hw.packet import CRC32
from hw.pipeline import registered

__all__ = ["CRC_PORT", "RESIDUE", "PacketCrc"]

RESIDUE = CRC32(data_width=8).residue() ^ CRC32.xor_output
"""The CRC of a packet and its CRC, whatever the packet."""

_LINEAR = Algorithm(**vars(CRC32) | {"initial_crc": 0, "xor_output": 0})

_WORD = 32
_WIDTHS = (8, 16, 32)

CRC_PORT = wiring.Signature({
    "start": Out(1),  # the word is the first one of a packet
    "valid": Out(1),  # there is a word; it stays until it is taken
    "word":  Out(_WORD),
    "ready": In(1),   # it is taken: all of it but the last bits is worked in
    "crc":   In(_WORD),  # of all words taken, `PacketCrc.LATENCY` cycles later
})


class PacketCrc(wiring.Component):
    """Works the words of a packet into a CRC-32.

    A word can be taken `32 // width - 1` cycles after it came. That is soon enough where a carrier
    brings bytes, and the CRC of a byte has a fifth of the gates of that of a word.

    A CRC is linear: with f(x) the state 0 after the bits x, the one after the state s is
    (s >> width) ^ f(s[:width]) ^ f(bits). Of a whole word f is registered, so that its many gates
    are not in the way from state to state.

    Latency is `LATENCY` cycles from where a word is taken; throughput one in `32 // width` cycles.

    Parameters
    ----------
    width : int
        Bits a cycle: 8, 16 or 32.

    Members
    -------
    user : In(CRC_PORT)
    """

    LATENCY = 2

    def __init__(self, *, width):
        if width not in _WIDTHS:
            raise ValueError(f"width must be 8, 16 or 32 bits, not {width!r}")
        self.width = width
        super().__init__({"user": In(CRC_PORT)})

    def elaborate(self, platform):
        m = Module()
        user, parts = self.user, _WORD // self.width
        part = Signal(range(parts))
        is_last = Signal(init=parts == 1)
        with m.If(user.valid):
            m.d.sync += [
                part.eq((part + 1)[:len(part)]),
                is_last.eq(part == (parts - 2) % parts),
            ]

        bits = Array(user.word.word_select(n, self.width) for n in range(parts))[part]
        if parts == 1:
            come = registered(m, self._share(bits), name="share")
        else:
            come = self._share(registered(m, bits, name="bits"))
        first = self._after(Const(CRC32.initial_crc, _WORD))
        starts = registered(m, user.start & (part == 0), name="starts")
        state = Signal(_WORD, reset_less=True)
        with m.If(registered(m, user.valid, name="comes")):
            m.d.sync += state.eq(Mux(starts, first, self._after(state)) ^ come)
        m.d.comb += [user.ready.eq(is_last), user.crc.eq(state ^ CRC32.xor_output)]
        return m

    def _after(self, state):
        """Return a state after bits of 0."""
        return (state >> self.width) ^ self._share(state[:self.width])

    def _share(self, bits):
        """Return the state 0 after some bits."""
        after = [_LINEAR(data_width=self.width).compute([1 << n]) for n in range(self.width)]
        return Cat(
            Cat(bits[n] for n in range(self.width) if after[n] >> place & 1).xor()
            for place in range(_WORD))
