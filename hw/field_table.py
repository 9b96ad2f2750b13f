"""Layouts as tables: one list of fields, from which hardware, software and docs are made."""

from collections.abc import Mapping
from dataclasses import dataclass

from amaranth.hdl import Shape
from amaranth.lib import data

__all__ = ["Field", "FieldTable"]

_WORD = 32


@dataclass(frozen=True)
class Field:
    """A field: where it stands, what it means and how it is read.

    Parameters
    ----------
    name : str
    word, bit : int
        The 32-bit word and the lowest bit in it.
    bits : int
        Width. A field does not cross words.
    meaning : str
        For people, a phrase.
    signed : bool
        Two's complement.
    kind : type or None
        The enumeration that its values belong to.
    """

    name: str
    word: int
    bit: int
    bits: int
    meaning: str
    signed: bool = False
    kind: type | None = None

    @property
    def offset(self):
        """Lowest bit in the whole layout."""
        return self.word * _WORD + self.bit

    @property
    def range(self):
        """Smallest and largest value."""
        if self.signed:
            return -(1 << (self.bits - 1)), (1 << (self.bits - 1)) - 1
        return 0, (1 << self.bits) - 1

    def pack(self, value):
        """Return the bits of a value at their place; ValueError if it does not fit."""
        number = value.value if self.kind and isinstance(value, self.kind) else value
        if not isinstance(number, int) or isinstance(number, bool):
            raise TypeError(f"{self.name} must be an integer, not {value!r}")
        low, high = self.range
        if not low <= number <= high:
            raise ValueError(f"{self.name} must be from {low} to {high}, not {number}")
        return (number & ((1 << self.bits) - 1)) << self.offset

    def unpack(self, word):
        """Return the value in the bits of a whole layout; an unknown one of `kind` as a number."""
        number = (word >> self.offset) & ((1 << self.bits) - 1)
        if self.signed and number >> (self.bits - 1):
            number -= 1 << self.bits
        if self.kind and number in {member.value for member in self.kind}:
            return self.kind(number)
        return number


class FieldTable:
    """Fields of a layout of whole words.

    Parameters
    ----------
    words : int
        Words of 32 bits.
    fields : iterable of Field
        They must not overlap.
    """

    def __init__(self, words, fields):
        self.words = words
        self.fields = tuple(fields)
        used = 0
        for field in self.fields:
            mask = field.pack(-1 if field.signed else field.range[1])
            if field.bit + field.bits > _WORD or field.word >= words or used & mask:
                raise ValueError(f"field {field.name} must lie in a word of its own place")
            used |= mask
        self._reserved = ((1 << (words * _WORD)) - 1) & ~used

    def __getitem__(self, name):
        return next(field for field in self.fields if field.name == name)

    @property
    def layout(self):
        """The Amaranth layout, with the same names."""
        return data.FlexibleLayout(self.words * _WORD, {
            field.name: data.Field(Shape(field.bits, field.signed), field.offset)
            for field in self.fields
        })

    @property
    def reserved(self):
        """Mask of the bits that belong to no field."""
        return self._reserved

    def encode(self, values: Mapping):
        """Return the layout of named values as an integer; what is not named is 0."""
        unknown = set(values) - {field.name for field in self.fields}
        if unknown:
            raise ValueError(f"there is no field {sorted(unknown)[0]}")
        return sum(field.pack(values[field.name]) for field in self.fields if field.name in values)

    def decode(self, number):
        """Return every field by name."""
        return {field.name: field.unpack(number) for field in self.fields}

    def markdown(self):
        """Return the table as it stands in the docs."""
        lines = ["| field | word | bits | meaning |", "|---|---|---|---|"]
        for field in self.fields:
            high = field.bit + field.bits - 1
            bits = f"{high}:{field.bit}" if field.bits > 1 else str(field.bit)
            sign = ", signed" if field.signed else ""
            lines.append(f"| {field.name} | {field.word} | {bits}{sign} | {field.meaning} |")
        return "\n".join(lines)
