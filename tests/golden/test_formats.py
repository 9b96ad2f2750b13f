import numpy as np
import pytest

from golden.formats import (
    INT4,
    INT8,
    INT16,
    INT32,
    UINT4,
    UINT8,
    UINT16,
    FixedFormat,
    IntegerFormat,
    parse_format,
)


@pytest.mark.parametrize(
    ("fmt", "name", "low", "high", "dtype"),
    [
        (INT4, "int4", -8, 7, np.int8),
        (INT8, "int8", -128, 127, np.int8),
        (INT16, "int16", -32768, 32767, np.int16),
        (INT32, "int32", -(2**31), 2**31 - 1, np.int32),
        (UINT4, "uint4", 0, 15, np.uint8),
        (UINT8, "uint8", 0, 255, np.uint8),
        (UINT16, "uint16", 0, 65535, np.uint16),
        (IntegerFormat(1, signed=True), "int1", -1, 0, np.int8),
        (IntegerFormat(1, signed=False), "uint1", 0, 1, np.uint8),
        (IntegerFormat(9, signed=True), "int9", -256, 255, np.int16),
        (IntegerFormat(17, signed=False), "uint17", 0, 131071, np.uint32),
        (IntegerFormat(32, signed=False), "uint32", 0, 2**32 - 1, np.uint32),
    ],
)
def test_integer_formats(fmt, name, low, high, dtype):
    assert str(fmt) == name
    assert (fmt.min, fmt.max, fmt.resolution) == (low, high, 1)
    assert fmt.dtype == dtype
    assert fmt.contains([low, high])
    assert not fmt.contains([0, high + 1])
    assert not fmt.contains([0, low - 1])


@pytest.mark.parametrize(
    ("name", "low", "high", "resolution", "bits"),
    [
        ("Q3.4", -8.0, 7.9375, 0.0625, 8),
        ("UQ4.4", 0.0, 15.9375, 0.0625, 8),
        ("Q0.7", -1.0, 0.9921875, 2.0**-7, 8),
        ("Q1.6", -2.0, 1.984375, 1 / 64, 8),
        ("Q0.31", -1.0, 1 - 2.0**-31, 2.0**-31, 32),
        ("UQ32.0", 0.0, 2.0**32 - 1, 1.0, 32),
        ("Q-2.9", -0.25, 0.25 - 2.0**-9, 2.0**-9, 8),
        ("UQ10.-2", 0.0, 1020.0, 4.0, 8),
        ("Q0.0", -1.0, 0.0, 1.0, 1),
        ("UQ-255.256", 0.0, 2.0**-256, 2.0**-256, 1),
        ("Q287.-256", -(2.0**287), (2.0**31 - 1) * 2.0**256, 2.0**256, 32),
    ],
)
def test_fixed_formats(name, low, high, resolution, bits):
    fmt = FixedFormat.parse(name)
    assert str(fmt) == name
    assert (fmt.min, fmt.max, fmt.resolution, fmt.bits) == (low, high, resolution, bits)
    assert fmt.integer == IntegerFormat(bits, signed=not name.startswith("U"))
    assert fmt == FixedFormat.of_width(bits, fmt.fraction_bits, signed=fmt.signed)
    assert fmt.contains([low, high])
    assert not fmt.contains([high + resolution])
    assert not fmt.contains([low - resolution])
    assert not fmt.contains([low + resolution / 2])


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("bits", range(1, 33))
def test_notation_is_read_as_it_is_printed(bits, signed):
    integer = IntegerFormat(bits, signed)
    assert parse_format(str(integer)) == integer
    assert np.iinfo(integer.dtype).min <= integer.min <= integer.max <= np.iinfo(integer.dtype).max
    for fraction_bits in (-256, -3, 0, 1, bits, 40, 256):
        fixed = FixedFormat.of_width(bits, fraction_bits, signed=signed)
        assert parse_format(str(fixed)) == fixed
        assert fixed.bits == bits


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("s8", "int8"),
        ("i8", "int8"),
        ("u16", "uint16"),
        (" INT8 ", "int8"),
        ("q3.4", "Q3.4"),
        ("uQ4.4", "UQ4.4"),
        ("ap_fixed<8,4>", "Q3.4"),
        ("ap_ufixed<8, 4>", "UQ4.4"),
        ("ap_fixed<8,-1>", "Q-2.9"),
        ("ap_ufixed<8,10>", "UQ10.-2"),
    ],
)
def test_other_notations(text, printed):
    assert str(parse_format(text)) == printed


def test_contains_judges_every_kind_of_array():
    assert INT8.contains([])
    assert INT8.contains(np.array([-128.0, 127.0], np.float32))
    assert not INT8.contains([0.5])
    assert not INT8.contains([np.nan])
    assert not INT8.contains([np.inf])
    assert not INT8.contains(np.array([2**64 - 1], np.uint64))
    fixed = FixedFormat.parse("Q3.4")
    assert fixed.contains(7)
    assert not fixed.contains([1e308, np.inf])
    assert not fixed.contains([np.nan])
    assert not FixedFormat.parse("Q287.-256").contains([5e-324])


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda: IntegerFormat(0, True), ValueError, "bits must be from 1 to 32, not 0"),
        (lambda: IntegerFormat(33, False), ValueError, "bits must be from 1 to 32, not 33"),
        (lambda: IntegerFormat(8.0, True), TypeError, "bits must be an integer, not 8.0"),
        (lambda: IntegerFormat(True, True), TypeError, "bits must be an integer, not True"),
        (lambda: IntegerFormat(8, 1), TypeError, "signed must be True or False, not 1"),
        (
            lambda: IntegerFormat.parse("int"),
            ValueError,
            "an integer format is written like int8 or uint4, not 'int'",
        ),
        (lambda: IntegerFormat.parse("int64"), ValueError, "bits must be from 1 to 32, not 64"),
        (lambda: parse_format("u0"), ValueError, "bits must be from 1 to 32, not 0"),
        (lambda: parse_format("Q20.20"), ValueError, "Q20.20 must have from 1 to 32 bits, not 41"),
        (lambda: parse_format("UQ3.-3"), ValueError, "UQ3.-3 must have from 1 to 32 bits, not 0"),
        (
            lambda: parse_format("Q-256.257"),
            ValueError,
            "fraction_bits must be from -256 to 256, not 257",
        ),
        (
            lambda: parse_format("Q3"),
            ValueError,
            "a fixed-point format is written like Q3.4, UQ4.4 or ap_fixed<8,4>, not 'Q3'",
        ),
        (
            lambda: parse_format("float32"),
            ValueError,
            "a format is written like int8, uint4, Q3.4 or UQ4.4, not 'float32'",
        ),
        (lambda: parse_format(8), TypeError, "a format's notation must be a string, not 8"),
        (lambda: FixedFormat(3.5, 4, True), TypeError, "integer_bits must be an integer, not 3.5"),
        (lambda: INT8.contains(["a"]), TypeError, "values must be integers or floats, not <U1"),
        (lambda: INT8.contains([True]), TypeError, "values must be integers or floats, not bool"),
    ],
)
def test_bad_arguments_are_refused(call, error, sentence):
    with pytest.raises(error, match=f"^{sentence}$"):
        call()
