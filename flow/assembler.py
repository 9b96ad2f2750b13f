"""Programs as text, to words.

    # what follows this sign is a comment
    matmul drain wait first=set rest=add
        tiles_n=2 steps_ky=3 padding=-5
    halt

An instruction starts with the name of its opcode. Its fields follow, on the same line or on others:
`name=value`, or the bare name of a field of one bit, which then is 1. A value is a decimal or, with
0x, a hexadecimal number, or a name where the field has names. What is not given is 0. `words`
instead of an opcode is followed by all words of an instruction as numbers, legal or not.
"""

from collections.abc import Iterator
from typing import Any

from flow.errors import UserError, user_input
from flow.instruction_words import WORD_BITS, joined, split
from hw.field_table import Field
from hw.instruction import INSTRUCTION

__all__ = ["RAW", "assemble"]

RAW = "words"
"""Starts an instruction that is written as numbers."""

_FIELDS: dict[str, Field] = {field.name: field for field in INSTRUCTION.fields}
_OPCODES: dict[str, Any] = {code.name.lower(): code for code in _FIELDS["opcode"].kind}


def assemble(text: str) -> list[int]:
    """Return the words of a program, 32 bits each, in the order of the program memory.

    Raises UserError, with the number of the line, for text that is not a program.

    >>> assemble("halt")[:2]
    [2, 0]
    """
    program: list[int] = []
    read: _Fields | _Words | None = None
    for number, token in _tokens(text):
        if token in _OPCODES or token == RAW:
            if read:
                program += split(read.finish())
            read = _Words(number) if token == RAW else _Fields(_OPCODES[token])
        elif read is None:
            raise UserError(
                f"line {number}: a program must start with {', '.join(_OPCODES)} or {RAW}, "
                f"not {token!r}"
            )
        else:
            with user_input(f"line {number}"):
                read.add(token)
    if read:
        program += split(read.finish())
    return program


def _tokens(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        for token in line.partition("#")[0].split():
            yield number, token


class _Fields:
    """An instruction that is written as fields."""

    def __init__(self, opcode: Any) -> None:
        self._values: dict[str, Any] = {"opcode": opcode}

    def add(self, token: str) -> None:
        name, equals, text = token.partition("=")
        if name not in _FIELDS:
            raise ValueError(f"there is no field {name!r}; they are {', '.join(_FIELDS)}")
        if name in self._values:
            raise ValueError(f"{name} must be given once, not again as {token!r}")
        field = _FIELDS[name]
        if not equals and field.bits > 1:
            raise ValueError(f"{name} must have a value, as in {name}=1")
        value = _value(field, text) if equals else 1
        field.pack(value)  # raises if it does not fit
        self._values[name] = value

    def finish(self) -> int:
        return int(INSTRUCTION.encode(self._values))


class _Words:
    """An instruction that is written as words."""

    def __init__(self, line: int) -> None:
        self._line = line
        self._words: list[int] = []

    def add(self, token: str) -> None:
        word = _number(token)
        if not 0 <= word < 1 << WORD_BITS:
            raise ValueError(f"a word must be from 0 to 0xffffffff, not {token}")
        self._words.append(word)

    def finish(self) -> int:
        if len(self._words) != INSTRUCTION.words:
            raise UserError(
                f"line {self._line}: {RAW} must be followed by {INSTRUCTION.words} words, "
                f"not {len(self._words)}"
            )
        return joined(self._words)


def _value(field: Field, text: str) -> Any:
    if field.kind is not None:
        names = {member.name.lower(): member for member in field.kind}
        if text in names:
            return names[text]
        if not text[:1].isdigit():
            raise ValueError(f"{field.name} must be one of {', '.join(names)}, not {text!r}")
    return _number(text)


def _number(text: str) -> int:
    try:
        return int(text, 0)
    except ValueError:
        raise ValueError(f"a number is written like 12, -3 or 0x1f, not {text!r}") from None
