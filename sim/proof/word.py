"""Integers inside a solver that behave like Python's: exact, and as wide as they need to be."""

from typing import Any, TypeAlias

import bitwuzla
from bitwuzla import Kind

__all__ = ["TERMS", "Condition", "Integer", "Truth", "Word", "shift_left", "where"]

TERMS = bitwuzla.TermManager()

Integer: TypeAlias = "int | Word"
Truth: TypeAlias = "bool | Condition"


class Condition:
    """A truth value that depends on variables."""

    def __init__(self, term: Any) -> None:
        self.term = term

    @classmethod
    def of(cls, value: Truth) -> "Condition":
        """A condition as it is, True and False as constants."""
        if isinstance(value, Condition):
            return value
        return cls(TERMS.mk_true() if value else TERMS.mk_false())

    def __and__(self, other: Truth) -> "Condition":
        return Condition(TERMS.mk_term(Kind.AND, [self.term, Condition.of(other).term]))

    def __or__(self, other: Truth) -> "Condition":
        return Condition(TERMS.mk_term(Kind.OR, [self.term, Condition.of(other).term]))

    __rand__ = __and__
    __ror__ = __or__

    def negated(self) -> "Condition":
        """Return its opposite."""
        return Condition(TERMS.mk_term(Kind.NOT, [self.term]))

    def number(self) -> "Word":
        """Return 1 where it holds, 0 elsewhere."""
        return Word.of(where(self, 1, 0))

    def implies(self, other: Truth) -> "Condition":
        """Return the condition that `other` holds wherever this does."""
        return self.negated() | other


class Word:
    """An integer that depends on variables: a two's complement term, widened before it overflows.

    A specification that only uses the operators below, `where` and `shift_left` can be run on
    Python's integers too, with the same results.
    """

    def __init__(self, term: Any, *, signed: bool = True) -> None:
        self.term = term if signed else _extended(term, 1, Kind.BV_ZERO_EXTEND)

    @classmethod
    def of(cls, value: Integer) -> "Word":
        """A word as it is, an integer as a constant."""
        if isinstance(value, Word):
            return value
        sort = TERMS.mk_bv_sort(value.bit_length() + 1)
        return cls(TERMS.mk_bv_value(sort, value % (1 << value.bit_length() + 1)))

    @classmethod
    def variable(cls, name: str, width: int, *, signed: bool) -> "Word":
        """A free variable of a width."""
        return cls(TERMS.mk_const(TERMS.mk_bv_sort(width), name), signed=signed)

    @property
    def width(self) -> int:
        """Bits, the sign included."""
        return int(self.term.sort().bv_size())

    def extended(self, width: int) -> Any:
        """Return the term, sign extended to `width` bits."""
        return _extended(self.term, width - self.width, Kind.BV_SIGN_EXTEND)

    def low_bits(self, width: int) -> Any:
        """Return the term of the low `width` bits, sign extended if there are fewer."""
        term = self.extended(max(width, self.width))
        return TERMS.mk_term(Kind.BV_EXTRACT, [term], [width - 1, 0])

    def bit(self, place: int) -> "Word":
        """Return a bit of the term, as 0 or 1."""
        term = TERMS.mk_term(Kind.BV_EXTRACT, [self.term], [place, place])
        return Word(term, signed=False)

    def wrapped(self, width: int) -> "Word":
        """Return the word modulo 2**width, as a signed number."""
        return Word(self.low_bits(width))

    def __add__(self, other: Integer) -> "Word":
        return self._binary(Kind.BV_ADD, other, 1)

    def __sub__(self, other: Integer) -> "Word":
        return self._binary(Kind.BV_SUB, other, 1)

    def __rsub__(self, other: Integer) -> "Word":
        return Word.of(other) - self

    def __neg__(self) -> "Word":
        return 0 - self

    def __mul__(self, other: Integer) -> "Word":
        width = self.width + Word.of(other).width
        return Word(TERMS.mk_term(Kind.BV_MUL, _aligned(self, Word.of(other), width)))

    def __rshift__(self, count: Integer) -> "Word":
        """Shift right, toward minus infinity; a negative count is not allowed."""
        return self._binary(Kind.BV_ASHR, count, 0)

    __radd__ = __add__
    __rmul__ = __mul__

    def __eq__(self, other: object) -> Condition:  # type: ignore[override]
        if not isinstance(other, int | Word):
            return NotImplemented
        return self._compared(Kind.EQUAL, other)

    __hash__ = None  # type: ignore[assignment]

    def __lt__(self, other: Integer) -> Condition:
        return self._compared(Kind.BV_SLT, other)

    def __le__(self, other: Integer) -> Condition:
        return self._compared(Kind.BV_SLE, other)

    def __gt__(self, other: Integer) -> Condition:
        return self._compared(Kind.BV_SGT, other)

    def __ge__(self, other: Integer) -> Condition:
        return self._compared(Kind.BV_SGE, other)

    def _binary(self, kind: Kind, other: Integer, growth: int) -> "Word":
        word = Word.of(other)
        width = max(self.width, word.width) + growth
        return Word(TERMS.mk_term(kind, _aligned(self, word, width)))

    def _compared(self, kind: Kind, other: Integer) -> Condition:
        word = Word.of(other)
        return Condition(TERMS.mk_term(kind, _aligned(self, word, max(self.width, word.width))))


def where(condition: Truth, yes: Integer, no: Integer) -> Any:
    """Return `yes` if the condition holds, `no` otherwise."""
    if isinstance(condition, bool):
        return yes if condition else no
    a, b = Word.of(yes), Word.of(no)
    terms = _aligned(a, b, max(a.width, b.width))
    return Word(TERMS.mk_term(Kind.ITE, [condition.term, *terms]))


def shift_left(value: Integer, count: Integer, *, most: int) -> Any:
    """Return `value << min(count, most)`; a negative count is not allowed."""
    if isinstance(value, int) and isinstance(count, int):
        return value << min(count, most)
    word = Word.of(value)
    distance = Word.of(where(Word.of(count) < most, count, most))
    width = max(word.width + most, distance.width)
    return Word(TERMS.mk_term(Kind.BV_SHL, _aligned(word, distance, width)))


def _aligned(a: Word, b: Word, width: int) -> list[Any]:
    return [a.extended(width), b.extended(width)]


def _extended(term: Any, bits: int, kind: Kind) -> Any:
    return TERMS.mk_term(kind, [term], [bits]) if bits else term
