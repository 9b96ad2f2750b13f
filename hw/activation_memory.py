"""The activation memory: windows of neighbouring bytes at any address."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hw.pipeline import copied, delayed, registered

__all__ = ["ActivationMemory"]

_BYTE = signed(8)
_BITS_A_STAGE = 2  # of a rotation: a multiplexer of four a stage


class ActivationMemory(wiring.Component):
    """Reads a window of bytes and writes another one, each at any byte address, every cycle.

    Neighbouring bytes stand in neighbouring banks, `banks` of them, a power of two. So a window
    takes at most one word of a bank, and is rotated by its address: `read_data[i]` is the byte at
    `read_address + i`. Addresses wrap modulo 2^(bits of an address). What is read at addresses of
    `size` and above is unspecified, and so is a byte that nothing wrote.

    Banks stand far apart: each has registers of its own for its word, and there is one behind every
    long way.

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

    READ_STAGES = 5
    """Cycles of a read before its rotation: the address, that of each bank, the memory, its output
    register, and one behind it."""

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
        return self.rotation_latency + 2

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
            m.d.comb += [port.en.eq(self._near(m, enable, f"read_enable_{b}")),
                         port.addr.eq(words[b])]
            # The first register becomes the memory's own.
            lanes.append(delayed(m, port.data, 2, name=f"read_lane_{b}"))

        first = delayed(m, first, self.READ_STAGES - 2, name="read_first")
        rotated = self._rotated(m, lanes, first, left=True, name="read")
        m.d.comb += [self.read_data[i].eq(rotated[i]) for i in range(self.read_width)]

    def _write(self, m, memories):
        address, enable, count, values = (
            delayed(m, Value.cast(value), 1, name=f"write_{name}") for name, value in (
                ("address_in", self.write_address), ("enable", self.write_en),
                ("count", self.write_count), ("data", self.write_data))
        )
        # A byte and whether it is written pass the rotation together.
        lanes = [
            delayed(m, Cat(values.word_select(i, 8), enable & (i < count)), 1,
                    name=f"write_lane_{i}")
            for i in range(self.write_width)
        ]
        lanes += [C(0, 9)] * (self.banks - self.write_width)
        rotated = self._rotated(m, lanes, address[:self._bank_bits], left=False, name="write")
        # The words are there as late as the bytes.
        address = delayed(m, address, self.rotation_latency, name="write_address")
        _, words = self._words(m, address, name="write")
        for b, (memory, lane, word) in enumerate(zip(memories, rotated, words, strict=True)):
            lane = self._near(m, lane, f"write_bank_{b}")
            port = memory.write_port()
            m.d.comb += [port.addr.eq(word), port.data.eq(lane[:8]), port.en.eq(lane[8])]

    def _near(self, m, value, name):
        """Return a register for a bank alone."""
        return copied(m, value, 1, name=name)[0]

    def _words(self, m, address, *, name):
        """Return the bank of a window's first byte and, a register nearer, each bank's word.

        They come a cycle after `address`. The banks before that of the first byte hold its end, in
        their next words.
        """
        first = address[:self._bank_bits]
        word = address[self._bank_bits:]
        here = registered(m, word, name=f"{name}_word")
        wraps = [
            registered(m, b < first, name=f"{name}_wraps_{b}") for b in range(self.banks - 1)]
        # Each bank adds for itself, since the address may come from afar.
        words = [*((here + wrap)[:len(word)] for wrap in wraps), here]
        words = [self._near(m, word, f"{name}_word_{b}") for b, word in enumerate(words)]
        return registered(m, first, name=f"{name}_bank"), words

    def _rotated(self, m, lanes, amount, *, left, name):
        """Return the lanes rotated by `amount`: to lower numbers if `left`, else to higher ones.

        It comes a cycle before the lanes: each lane has it in registers of its own.
        """
        sign = 1 if left else -1
        for low in range(0, self._bank_bits, _BITS_A_STAGE):
            amounts = [
                self._near(m, amount[low:low + _BITS_A_STAGE], f"{name}_{low}_amount_{lane}")
                for lane in range(self.banks)
            ]
            amount = registered(m, amount, name=f"{name}_{low}_amount")
            for place in range(len(amounts[0])):
                distance = sign << (low + place)
                lanes = [
                    Mux(amounts[lane][place], lanes[(lane + distance) % self.banks], lanes[lane])
                    for lane in range(self.banks)
                ]
            lanes = [
                registered(m, value, name=f"{name}_{low}_lane_{lane}")
                for lane, value in enumerate(lanes)
            ]
        return lanes
