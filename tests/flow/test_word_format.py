import numpy as np
import pytest

from flow.word_format import WordFormat, WordKind
from golden.formats import IntegerFormat


@pytest.mark.parametrize(
    ("text", "dtype"),
    [
        ("int1", "int8"),
        ("int8", "int8"),
        (" INT12 ", "int16"),
        ("uint17", "uint32"),
        ("int33", "int64"),
        ("uint64", "uint64"),
        ("float16", "float16"),
        ("float64", "float64"),
    ],
)
def test_names_and_types(text, dtype):
    fmt = WordFormat.parse(text)
    assert fmt.dtype == dtype
    assert str(fmt) == text.strip().lower()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("int", "^a format is written like int8, uint16 or float32, not 'int'$"),
        ("s8", "^a format is written like int8, uint16 or float32, not 's8'$"),
        ("int0", "^a format is written like"),
        ("int65", "^an integer format has from 1 to 64 bits, not 65$"),
        ("float8", "^a float format has 16, 32 or 64 bits, not 8$"),
    ],
)
def test_other_names_are_refused(text, sentence):
    with pytest.raises(ValueError, match=sentence):
        WordFormat.parse(text)


def test_integer_formats_of_the_arithmetic():
    assert WordFormat.parse("int12").integer == IntegerFormat(12, signed=True)
    assert WordFormat.parse("uint32").integer == IntegerFormat(32, signed=False)
    assert WordFormat.parse("int33").integer is None
    assert WordFormat.parse("float32").integer is None


def test_formats_of_types():
    assert WordFormat.of(np.dtype(">i2")) == WordFormat(WordKind.SIGNED, 16)
    assert WordFormat.of(np.dtype(bool)) == WordFormat(WordKind.UNSIGNED, 1)
    with pytest.raises(
        TypeError, match=r"^numbers must be integers or floats of up to 64 bits, not c"
    ):
        WordFormat.of(np.dtype(complex))


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("int8", [-128, -1, 0, 127], [0x80, 0xFF, 0, 0x7F]),
        ("int4", [-8, 7], [8, 7]),
        ("int12", [-1, -2048], [0xFFF, 0x800]),
        ("uint12", [4095], [0xFFF]),
        ("int64", [-(2**63), -1], [2**63, 2**64 - 1]),
        ("uint64", [2**64 - 1], [2**64 - 1]),
        ("float16", [1.0, -0.0], [0x3C00, 0x8000]),
        ("float32", [1.0, np.inf], [0x3F800000, 0x7F800000]),
    ],
)
def test_values_and_words(name, values, words):
    fmt = WordFormat.parse(name)
    array = np.array(values, fmt.dtype)
    assert list(fmt.to_words(array)) == words
    back = fmt.from_words(words)
    assert back.dtype == fmt.dtype
    assert back.tobytes() == array.tobytes()


@pytest.mark.parametrize(
    ("name", "values", "first"),
    [
        ("int8", [0, 127, 128], 2),
        ("int8", [-129], 0),
        ("uint8", [255, -1], 1),
        ("uint64", [0], None),
        ("int64", np.array([2**63], np.uint64), 0),
        ("int4", [-8, 7], None),
    ],
)
def test_first_value_outside(name, values, first):
    assert WordFormat.parse(name).first_outside(np.asarray(values)) == first
