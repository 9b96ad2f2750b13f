"""Keeps instructions while they are checked."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hw.instruction import INSTRUCTION
from hw.instruction_fetch import FetchedBeat, InstructionFetch
from hw.narrow_instruction import NarrowInstruction
from hw.stock import Stock

__all__ = ["InstructionQueue"]

_WORDS = INSTRUCTION.words // InstructionFetch.BEATS  # of a beat


class InstructionQueue(wiring.Component):
    """Stores the beats of instructions as they come, in the bits that the units need.

    Whoever fetches takes care that there is room. Latency from the last beat of an instruction to
    the output is `LATENCY` cycles; throughput one instruction per cycle out of those stored.

    Parameters
    ----------
    config : AcceleratorConfig
        Sizes of the memories.
    depth : int
        Instructions that it holds besides the one at the output, a power of two.

    Members
    -------
    i : In(FetchedBeat)
        A beat.
    i_take : In(1)
        The instruction at the output has gone. Only while there is one.
    o : Out({instruction: NarrowInstruction, index})
        The oldest instruction, and its place in the program memory.
    """

    LATENCY = 2

    def __init__(self, config, *, depth):
        if depth < 2 or depth & (depth - 1):
            raise ValueError(f"depth must be a power of two from 2 on, not {depth}")
        self.depth = depth
        self._narrow = NarrowInstruction(config)
        # Else tools take look-up tables, and a tile of them for four bits on a small part.
        self._style = {"ram_style": "block"} if config.compact else {}
        beat = FetchedBeat(instructions=config.instructions)
        super().__init__({
            "i":      In(beat),
            "i_take": In(1),
            "o":      Out(data.StructLayout({
                "instruction": self._narrow, "index": beat["index"].shape,
            })),
        })

    def elaborate(self, platform):
        m = Module()
        written, read = Signal(range(self.depth)), Signal(range(self.depth))
        at_output, free, moves = Signal(), Signal(), Signal()
        m.submodules.waiting = waiting = Stock(limit=self.depth)
        complete = self.i.arrives[-1]
        m.d.comb += [
            free.eq(~at_output | self.i_take),
            moves.eq(waiting.o_some & free),
            waiting.i_put.eq(complete),
            waiting.i_take.eq(moves),
        ]
        m.d.sync += [
            written.eq((written + complete)[:len(written)]),
            read.eq((read + moves)[:len(read)]),
            at_output.eq(moves | (at_output & ~self.i_take)),
        ]

        for number in range(InstructionFetch.BEATS):
            names = [
                field.name for field in INSTRUCTION.fields if field.word // _WORDS == number
            ]
            values = [self._value(name, number) for name in names]
            targets = [Value.cast(self.o.instruction[name]) for name in names]
            if number == InstructionFetch.BEATS - 1:
                values.append(self.i.index)
                targets.append(self.o.index)
            memory = Memory(
                shape=unsigned(len(Cat(values))), depth=self.depth, init=[], attrs=self._style)
            m.submodules[f"beat_{number}"] = memory
            write, front = memory.write_port(), memory.read_port()
            m.d.comb += [
                write.addr.eq(written),
                write.data.eq(Cat(values)),
                write.en.eq(self.i.arrives[number]),
                front.addr.eq(read),
                front.en.eq(free),  # what is there before one waits is read again
                Cat(targets).eq(front.data),
            ]
        return m

    def _value(self, name, number):
        """Return a field of the beat of a number."""
        field = INSTRUCTION[name]
        low = field.offset - number * InstructionFetch.BEAT_BITS
        return self._narrow.narrowed(name, self.i.data[low:low + field.bits])
