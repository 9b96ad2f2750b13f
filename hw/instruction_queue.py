"""Keeps instructions while they are checked."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hw.instruction import INSTRUCTION
from hw.instruction_fetch import FetchedBeat, InstructionFetch
from hw.narrow_instruction import NarrowInstruction
from hw.pipeline import registered

__all__ = ["InstructionQueue"]

_WORDS = INSTRUCTION.words // InstructionFetch.BEATS  # of a beat


class InstructionQueue(wiring.Component):
    """Stores the beats of instructions as they come, in the bits that the units need.

    Whoever fetches takes care that there is room, and whoever takes knows when there is one.
    Latency from the last beat of an instruction to the output is `LATENCY` cycles; throughput one
    instruction in two cycles out of those stored.

    Parameters
    ----------
    config : AcceleratorConfig
        Sizes of the memories.
    depth : int
        Instructions that it holds, a power of two.

    Members
    -------
    i : In(FetchedBeat)
        A beat.
    i_take : In(1)
        The instruction at the output has gone. Only while there is one; the next one is there two
        cycles later.
    o : Out({instruction: NarrowInstruction, index})
        The oldest instruction, and its place in the program memory.
    """

    LATENCY = 3

    def __init__(self, config, *, depth):
        if depth < 2 or depth & (depth - 1):
            raise ValueError(f"depth must be a power of two from 2 on, not {depth}")
        self.depth = depth
        self._narrow = NarrowInstruction(config)
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
        # The memories are far from where beats come from, and fields have become shorter before.
        arrives = Signal.like(self.i.arrives)
        m.d.sync += arrives.eq(self.i.arrives)
        written, oldest = Signal(range(self.depth)), Signal(range(self.depth))
        m.d.sync += written.eq((written + arrives[-1])[:len(written)])
        with m.If(self.i_take):
            m.d.sync += oldest.eq((oldest + 1)[:len(oldest)])

        for number in range(InstructionFetch.BEATS):
            names = [
                field.name for field in INSTRUCTION.fields if field.word // _WORDS == number
            ]
            values = [self._value(name, number) for name in names]
            targets = [Value.cast(self.o.instruction[name]) for name in names]
            if number == InstructionFetch.BEATS - 1:
                values.append(self.i.index)
                targets.append(self.o.index)
            memory = Memory(shape=unsigned(len(Cat(values))), depth=self.depth, init=[])
            m.submodules[f"beat_{number}"] = memory
            write, front = memory.write_port(), memory.read_port()
            m.d.comb += [
                write.addr.eq(written),
                write.data.eq(registered(m, Cat(values), name=f"values_{number}")),
                write.en.eq(arrives[number]),
                # The oldest is read again and again: also as soon as it is there.
                front.addr.eq(oldest),
                Cat(targets).eq(front.data),
            ]
        return m

    def _value(self, name, number):
        """Return a field of the beat of a number."""
        field = INSTRUCTION[name]
        low = field.offset - number * InstructionFetch.BEAT_BITS
        return self._narrow.narrowed(name, self.i.data[low:low + field.bits])
