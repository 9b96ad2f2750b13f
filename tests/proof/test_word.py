import random

import pytest

pytest.importorskip("bitwuzla", reason="pip install 'lastbit[proof]' for bitwuzla")

from golden.rounding import Rounding
from sim.proof.claim import Claim, RefutedError, prove
from sim.proof.specification import magnitude, normalized, round_right
from sim.proof.word import Word, shift_left, where

NUMBERS = [0, 1, -1, 2, -2, 127, -128, 2**31 - 1, -(2**31), 2**47 + 1]


def evaluated(function, *values):
    """What a function of words gives for constants: what Python gives, or the claim is false."""
    words = [Word.variable(f"x{n}", 64, signed=True) for n in range(len(values))]
    given = [word == value for word, value in zip(words, values, strict=True)]
    return Claim("same as Python", function(*words) == function(*values), given)


@pytest.mark.parametrize(
    "function",
    [
        lambda a, b: a + b,
        lambda a, b: a - b,
        lambda a, b: 5 - a - b,
        lambda a, b: -a * b,
        lambda a, b: where(a < b, a, b),
        lambda a, b: where((a <= 0) | (b > 0), a, where((a >= 5) & (b >= 5), 1, b)),
        lambda a, b: a >> magnitude(b),
        lambda a, b: shift_left(a, magnitude(b), most=100),
    ],
)
def test_words_are_python_integers(function):
    draw = random.Random(0)
    pairs = [(draw.choice(NUMBERS), draw.choice([*NUMBERS, 5, 40, 90])) for _ in range(25)]
    for a, b in pairs:
        prove(evaluated(function, a, b))


def test_a_word_that_wraps():
    prove(evaluated(lambda a: Word.of(a).wrapped(8), 0x1234 - 0x3400 + 0x180))
    assert Word.of(0x80).wrapped(8).width == 8
    prove(Claim("wrap", Word.of(0x180).wrapped(8) == -128))


@pytest.mark.parametrize("tie", [Rounding.HALF_EVEN, Rounding.HALF_UP, Rounding.HALF_AWAY])
def test_a_specification_runs_alike_on_words_and_on_integers(tie):
    for value, places in (
        (-5, 1),
        (5, 1),
        (7, 1),
        (6, 2),
        (-6, 2),
        (12345, 7),
        (2**40 + 2**10, 11),
    ):
        prove(evaluated(lambda x, n: round_right(x, n, tie, most=12), value, places))
    for value in (0, 1, 2**24 - 1, 2**24 + 1, 2**24 + 3, 2**32 - 1):
        prove(evaluated(lambda x: normalized(x, most=33)[0], value))
        prove(evaluated(lambda x: normalized(x, most=33)[1], value))


def test_a_false_claim_is_refuted_with_numbers():
    x = Word.variable("x", 8, signed=True)
    with pytest.raises(RefutedError, match=r"^negation is false for x = 0$") as refutation:
        prove(Claim("negation", (-x < 0) | (-x > 0), [], {"x": x}))
    assert refutation.value.values == {"x": 0}


def test_assumptions_that_allow_nothing_are_no_proof():
    x = Word.variable("x", 8, signed=True)
    sentence = "^the assumptions of nonsense must not contradict each other$"
    with pytest.raises(ValueError, match=sentence):
        prove(Claim("nonsense", x == 5, [x < 0, x > 0]))
