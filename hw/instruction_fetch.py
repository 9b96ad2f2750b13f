"""Reads the instructions of a program, ahead of their execution."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.instruction import INSTRUCTION
from hw.pipeline import delayed
from hw.word_memory import WordMemory
from hw.word_port import WordPort

__all__ = ["FetchedBeat", "InstructionFetch"]

_BEATS = 4


class FetchedBeat(data.StructLayout):
    """A part of an instruction as it comes out of memory.

    Parameters
    ----------
    instructions : int
        Instructions that the program memory holds.
    """

    def __init__(self, *, instructions):
        super().__init__({
            "arrives": _BEATS,                            # one-hot: its number; 0 if there is none
            "data":    INSTRUCTION.words * 32 // _BEATS,
            "index":   range(instructions + 1),           # the instruction's place
            "outside": 1,                                 # it is not in the program memory
        })


class InstructionFetch(wiring.Component):
    """Puts out one instruction after the other from a start on, as long as there is room for them.

    One behind the end of the memory, or a start that is not at an instruction, comes out as
    `outside`, and is the last one. A reset stops it.

    No flow control but the room. Latency from `i_start` to the last beat of the first instruction
    is `LATENCY` cycles; throughput one instruction per `BEATS` cycles.

    Parameters
    ----------
    instructions : int
        Instructions that the memory holds.

    Members
    -------
    i_start : In(1)
        Starts; once after a reset.
    i_address : In(32)
        Word of 32 bits where the program starts.
    i_room : In(1)
        There is room for an instruction.
    o_take_room : Out(1)
        It is taken.
    memory : Out(WordPort(BEAT_BITS, instructions * BEATS))
        The program memory, a `WordMemory`.
    o : Out(FetchedBeat)
        The instruction as it comes, its beats in neighbouring cycles.
    """

    BEATS = _BEATS
    BEAT_BITS = INSTRUCTION.words * 32 // BEATS

    LATE = 1
    """Cycles for which a word waits in registers: the memory is far from what looks at it."""

    LATENCY = BEATS + WordMemory.READ_LATENCY + LATE
    """Cycles from a start to the last beat of the first instruction."""

    def __init__(self, *, instructions):
        self.instructions = instructions
        super().__init__({
            "i_start":      In(1),
            "i_address":    In(32),
            "i_room":       In(1),
            "o_take_room":  Out(1),
            "memory":       Out(WordPort(self.BEAT_BITS, depth=instructions * self.BEATS)),
            "o":            Out(FetchedBeat(instructions=instructions)),
        })

    def elaborate(self, platform):
        m = Module()

        index = Signal(range(self.instructions + 1), reset_less=True)
        beat = Signal(range(self.BEATS))
        outside = Signal(reset_less=True)
        running, reading = Signal(), Signal()

        alignment = INSTRUCTION.words.bit_length() - 1
        start = self.i_address[alignment:]
        is_outside = (start >= self.instructions) | self.i_address[:alignment].any()
        with m.If(self.i_start):
            m.d.sync += [
                running.eq(1),
                index.eq(Mux(is_outside, self.instructions, start)[:len(index)]),
                outside.eq(is_outside),
            ]

        m.d.comb += [
            self.o_take_room.eq(running & (beat == 0) & self.i_room),
            reading.eq(self.o_take_room | (beat != 0)),
            self.memory.address.eq(Cat(beat, index)[:len(self.memory.address)]),
        ]
        with m.If(reading):
            m.d.sync += beat.eq(beat + 1)
        with m.If(reading & (beat == self.BEATS - 1)):
            m.d.sync += [
                running.eq(~outside),
                index.eq((index + 1)[:len(index)]),
                outside.eq(index >= self.instructions - 1),
            ]

        arrives = Cat(reading & (beat == number) for number in range(self.BEATS))
        after = WordMemory.READ_LATENCY + self.LATE
        for stage in range(after):
            following = Signal(self.BEATS, name=f"arrives_{stage + 1}")
            m.d.sync += following.eq(arrives)
            arrives = following
        place = delayed(m, Cat(index, outside), after, name="place")
        m.d.comb += [
            self.o.arrives.eq(arrives),
            self.o.data.eq(delayed(m, self.memory.data, self.LATE, name="data")),
            Cat(self.o.index, self.o.outside).eq(place),
        ]
        return m
