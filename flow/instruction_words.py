"""Instructions as words of the program memory, by the table of the hardware."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from enum import Enum
from typing import Any

from golden.accumulate_operation import AccumulateOperation
from golden.instruction import Instruction, Opcode
from hw.instruction import INSTRUCTION

__all__ = ["WORD_BITS", "decode", "encode", "joined", "program_words", "split"]

WORD_BITS = 32

_KINDS: dict[str, type[Enum]] = {
    "opcode": Opcode,
    "first": AccumulateOperation,
    "rest": AccumulateOperation,
}


def encode(step: Instruction) -> int:
    """Return an instruction as one number; ValueError names a field that is too small."""
    values: dict[str, Any] = {}
    for field in fields(step):
        value = getattr(step, field.name)
        if isinstance(value, Enum):
            value = INSTRUCTION[field.name].kind[value.name]
        values[field.name] = value
    return int(INSTRUCTION.encode(values))


def decode(number: int) -> Instruction:
    """Return the instruction of a number; its reserved bits are not looked at."""
    values: dict[str, Any] = {}
    for name, value in INSTRUCTION.decode(number).items():
        known = isinstance(value, Enum)
        values[name] = _KINDS[name][value.name] if known else value
    return Instruction(**values)


def split(number: int) -> list[int]:
    """Return the 32-bit words of an instruction, the lowest bits first."""
    mask = (1 << WORD_BITS) - 1
    return [number >> WORD_BITS * index & mask for index in range(INSTRUCTION.words)]


def joined(words: Sequence[int]) -> int:
    """Return the number that 32-bit words make."""
    return sum(word << WORD_BITS * index for index, word in enumerate(words))


def program_words(program: Iterable[Instruction]) -> list[int]:
    """Return the words of a program, in the order of the program memory."""
    return [word for step in program for word in split(encode(step))]
