"""The activation memory: windows of neighbouring bytes at any address."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hw.pipeline import delayed, registered

__all__ = ["ActivationMemory"]

_BYTE = signed(8)
_BITS_A_STAGE = 2  # of a rotation: a multiplexer of four a stage


class ActivationMemory(wiring.Component):
    """Reads a window of bytes and writes another one, each at any byte address, every cycle.

    Neighbouring bytes stand in neighbouring banks, `banks` of them, a power of two. So a window
    takes at most one word of a bank, and is rotated by its address: `read_data[i]` is the byte at
    `read_address + i`. Addresses wrap modulo 2^(bits of an address). What is read at addresses of
    `size` and above is unspecified, and so is a byte that nothing wrote.

    No flow control, no reset. Read data comes `read_latency` cycles after its address. A read sees
    a write that came `write_latency` cycles before it or earlier; of one that came after that, the
    bytes in common are unspecified.

    Parameters
    ----------
    size : int
        Bytes, at least `2 * banks`.
    read_width, write_width : int
        Bytes of a window, 1 or more.

    Members
    -------
    read_en : In(1)
        Read the window. While it is 0, what `read_data` holds `read_latency` cycles later is
        unspecified.
    read_address : In(range(size))
        Its first byte.
    read_data : Out(ArrayLayout(signed(8), read_width))
        The window.
    write_en : In(1)
        Write a window.
    write_address : In(range(size))
        Its first byte.
    write_count : In(range(write_width + 1))
        Only so many of its bytes are written, the first ones.
    write_data : In(ArrayLayout(signed(8), write_width))
        The window.
    """

    READ_STAGES = 3
    """Cycles of a read before its rotation: address, memory, output register."""

    def __init__(self, *, size, read_width, write_width):
        for name, value in (("read_width", read_width), ("write_width", write_width)):
            if value < 1:
                raise ValueError(f"{name} must be 1 or more, not {value}")
        self.read_width = read_width
        self.write_width = write_width
        self.banks = 1 << (max(read_width, write_width) - 1).bit_length()
        if size < 2 * self.banks:
            raise ValueError(
                f"size must be {2 * self.banks} bytes or more, two words of each of "
                f"{self.banks} banks, not {size}"
            )
        self.size = size
        super().__init__({
            "read_en":       In(1),
            "read_address":  In(range(size)),
            "read_data":     Out(data.ArrayLayout(_BYTE, read_width)),
            "write_en":      In(1),
            "write_address": In(range(size)),
            "write_count":   In(range(write_width + 1)),
            "write_data":    In(data.ArrayLayout(_BYTE, write_width)),
        })

    @property
    def _bank_bits(self):
        return (self.banks - 1).bit_length()

    @property
    def rotation_latency(self):
        """Cycles that the rotation of a window takes."""
        return -(-self._bank_bits // _BITS_A_STAGE)

    @property
    def read_latency(self):
        """Cycles from a read's address to its data."""
        return self.READ_STAGES + self.rotation_latency

    @property
    def write_latency(self):
        """Cycles from a write to the first read that sees it."""
        return self.rotation_latency

    def elaborate(self, platform):
        m = Module()
        memories = []
        for b in range(self.banks):
            memory = Memory(shape=8, depth=-(-self.size // self.banks), init=[])
            m.submodules[f"bank_{b}"] = memory
            memories.append(memory)
        self._read(m, memories)
        self._write(m, memories)
        return m

    def _read(self, m, memories):
        first, words = self._words(m, self.read_address, name="read")
        enable = registered(m, self.read_en, name="read_enable")
        lanes = []
        for b, memory in enumerate(memories):
            port = memory.read_port()
            m.d.comb += [port.en.eq(enable), port.addr.eq(words[b])]
            lanes.append(registered(m, port.data, name=f"read_lane_{b}"))

        first = delayed(m, first, self.READ_STAGES - 1, name="read_first")
        rotated = self._rotated(m, lanes, first, left=True, name="read")
        m.d.comb += [self.read_data[i].eq(rotated[i]) for i in range(self.read_width)]

    def _write(self, m, memories):
        # A byte and whether it is written pass the rotation together.
        lanes = [
            Cat(self.write_data[i], self.write_en & (i < self.write_count))
            for i in range(self.write_width)
        ]
        lanes += [C(0, 9)] * (self.banks - self.write_width)
        address = self.write_address
        rotated = self._rotated(m, lanes, address[:self._bank_bits], left=False, name="write")
        if self.rotation_latency:
            address = delayed(m, address, self.rotation_latency - 1, name="write_address")
            _, words = self._words(m, address, name="write")
        else:
            words = [address]
        for memory, lane, word in zip(memories, rotated, words, strict=True):
            port = memory.write_port()
            m.d.comb += [port.addr.eq(word), port.data.eq(lane[:8]), port.en.eq(lane[8])]

    def _words(self, m, address, *, name):
        """Return the bank of a window's first byte and each bank's word, a cycle after `address`.

        The banks before that of the first byte hold its end, in their next words.
        """
        first = address[:self._bank_bits]
        word = address[self._bank_bits:]
        here = registered(m, word, name=f"{name}_word")
        following = registered(m, (word + 1)[:len(word)], name=f"{name}_next_word")
        words = [
            Mux(registered(m, b < first, name=f"{name}_wraps_{b}"), following, here)
            for b in range(self.banks - 1)
        ]
        words.append(here)
        return registered(m, first, name=f"{name}_bank"), words

    def _rotated(self, m, lanes, amount, *, left, name):
        """Return the lanes rotated by `amount`: to lower numbers if `left`, else to higher ones."""
        sign = 1 if left else -1
        for low in range(0, self._bank_bits, _BITS_A_STAGE):
            for place in range(low, min(low + _BITS_A_STAGE, self._bank_bits)):
                lanes = [
                    Mux(amount[place], lanes[(lane + (sign << place)) % self.banks], lanes[lane])
                    for lane in range(self.banks)
                ]
            lanes = [
                registered(m, value, name=f"{name}_{low}_lane_{lane}")
                for lane, value in enumerate(lanes)
            ]
            amount = registered(m, amount, name=f"{name}_{low}_amount")
        return lanes
