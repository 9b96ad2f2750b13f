"""Words of a program, to text that `flow.assembler` makes the same words of."""

from collections.abc import Mapping, Sequence
from enum import Enum
from textwrap import wrap
from typing import Any

from flow.assembler import RAW
from flow.errors import UserError
from flow.instruction_words import joined, split
from hw.instruction import INSTRUCTION

__all__ = ["disassemble"]

_WIDTH = 100
_INDENT = "    "


def disassemble(words: Sequence[int], notes: Mapping[int, str] | None = None) -> str:
    """Return the text of a program; fields that are 0 are left out.

    `notes` are put as comments before the instructions of these indices. What is no instruction is
    written as words. Raises UserError unless there are whole instructions.

    >>> disassemble([0x00FB0311, *[0] * 4, 3 << 16, *[0] * 10])
    'matmul first=add drain wait padding=-5 steps_ky=3\\n'
    """
    if len(words) % INSTRUCTION.words:
        raise UserError(
            f"a program must have a multiple of {INSTRUCTION.words} words, not {len(words)}"
        )
    lines = []
    for index in range(len(words) // INSTRUCTION.words):
        if notes and index in notes:
            lines.append(f"# {notes[index]}")
        first = index * INSTRUCTION.words
        text = _instruction(joined(words[first : first + INSTRUCTION.words]))
        lines += wrap(text, _WIDTH, subsequent_indent=_INDENT, break_on_hyphens=False)
    return "".join(f"{line}\n" for line in lines)


def _instruction(number: int) -> str:
    values = INSTRUCTION.decode(number)
    opcode = values.pop("opcode")
    if number & INSTRUCTION.reserved or not isinstance(opcode, Enum):
        return " ".join([RAW, *(f"{word:#x}" for word in split(number))])
    shown = (_field(name, value) for name, value in values.items())
    return " ".join([opcode.name.lower(), *(text for text in shown if text)])


def _field(name: str, value: Any) -> str:
    if isinstance(value, Enum):
        return f"{name}={value.name.lower()}" if value.value else ""
    if value == 1 and INSTRUCTION[name].bits == 1:
        return name
    return f"{name}={value}" if value else ""
