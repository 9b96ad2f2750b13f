from dataclasses import replace

import pytest

from golden.formats import INT4, INT8, INT16, UINT8
from golden.rounding import Rounding
from golden.scheme import Scheme
from hw.parameter_word import Parameters, ParameterWord

FLOAT32 = Parameters(
    scheme=Scheme.FLOAT32, bias=-5, multiplier=0xC00000, shift=40, zero_point=3, low=-128, high=127)
FIXED = replace(FLOAT32, scheme=Scheme.FIXED, tie=Rounding.HALF_AWAY)
SHIFT = replace(FLOAT32, scheme=Scheme.SHIFT, multiplier=None, shift=7, tie=Rounding.HALF_UP)


@pytest.mark.parametrize(("out_format", "acc_bits", "width"),
                         [(INT8, 32, 90), (INT4, 32, 78), (INT16, 32, 114), (INT8, 16, 74)])
def test_width(out_format, acc_bits, width):
    assert ParameterWord(out_format=out_format, acc_bits=acc_bits).width == width


@pytest.mark.parametrize("parameters", [FLOAT32, FIXED, SHIFT])
def test_decode_gives_back_what_was_encoded(parameters):
    word = ParameterWord()
    assert word.decode(word.encode(parameters)) == parameters


def test_the_fields_stand_in_order_from_the_lowest_bit():
    word = ParameterWord().encode(FIXED)
    fields = [0xFFFFFFFB, 0xC00000, (40 - 46) % 64, 3, 0x80, 0x7F, 1, 2]
    firsts = [0, 32, 56, 62, 70, 78, 86, 88]
    assert word == sum(field << first for field, first in zip(fields, firsts, strict=True))


@pytest.mark.parametrize(
    ("shift", "field"),
    [(-1000, -32), (13, -32), (14, -32), (15, -31), (46, 0), (55, 9), (56, 10), (57, 10), (99, 10)],
)
def test_shift_is_brought_into_its_range(shift, field):
    word = ParameterWord()
    assert word.unpack(word.encode(replace(FIXED, shift=shift)))["shift"] == field


def test_a_multiplier_of_zero_becomes_the_largest_shift():
    word = ParameterWord()
    fields = word.unpack(word.encode(replace(FIXED, multiplier=0)))
    assert (fields["multiplier"], fields["shift"]) == (1 << 23, 10)


def test_shift_is_fixed_with_a_multiplier_of_a_half():
    word = ParameterWord()
    fixed = replace(SHIFT, scheme=Scheme.FIXED, multiplier=1 << 23, shift=SHIFT.shift + 23)
    a, b = word.unpack(word.encode(SHIFT)), word.unpack(word.encode(fixed))
    assert a | {"scheme": None} == b | {"scheme": None}


@pytest.mark.parametrize(
    ("parameters", "change", "sentence"),
    [
        (FLOAT32, {"bias": 1 << 31}, "bias must be from -2147483648 to 2147483647, not 2147483648"),
        (FLOAT32, {"multiplier": 2**24},
         "multiplier must be from 8388608 to 16777215, not 16777216"),
        (FIXED, {"multiplier": 5}, "multiplier must be from 8388608 to 16777215, not 5"),
        (SHIFT, {"multiplier": 5}, "multiplier of Scheme.SHIFT must be None, not 5"),
        (SHIFT, {"shift": 32}, "shift must be from 0 to 31, not 32"),
        (FLOAT32, {"zero_point": 128}, "zero_point must be from -128 to 127, not 128"),
        (FLOAT32, {"low": 5, "high": 4}, "low must be at most high, 4, not 5"),
        (FLOAT32, {"tie": Rounding.HALF_UP},
         "tie of Scheme.FLOAT32 must be HALF_EVEN, not Rounding.HALF_UP"),
        (FIXED, {"tie": Rounding.FLOOR},
         "tie of Scheme.FIXED must be HALF_EVEN or HALF_UP or HALF_AWAY, not Rounding.FLOOR"),
        (FIXED, {"scheme": Scheme.Q31_DOUBLE},
         "scheme must be one of FLOAT32, FIXED, SHIFT, not Scheme.Q31_DOUBLE"),
    ],
)
def test_illegal_value(parameters, change, sentence):
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        ParameterWord().encode(replace(parameters, **change))


@pytest.mark.parametrize("name", ["bias", "multiplier", "shift", "zero_point", "low", "high"])
def test_a_parameter_that_is_no_integer(name):
    with pytest.raises(TypeError, match=rf"^{name} must be an integer, not 1\.0$"):
        ParameterWord().encode(replace(FLOAT32, **{name: 1.0}))


def test_a_word_that_is_too_wide():
    with pytest.raises(ValueError, match=r"^a parameter word must have at most 90 bits, not 0x4"):
        ParameterWord().decode(1 << 90)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"out_format": UINT8}, "out_format must be signed, from 2 to 16 bits, not uint8"),
        ({"acc_bits": 33}, "acc_bits must be from 16 to 32, not 33"),
    ],
)
def test_illegal_layout(arguments, sentence):
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        ParameterWord(**arguments)
