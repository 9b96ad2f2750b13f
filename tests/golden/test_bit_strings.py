import struct

import numpy as np
import pytest
from bitstring import Bits

from golden.bit_strings import from_bits, to_bits
from golden.floating_point import FloatFormat, fields

F16, F32, F64 = FloatFormat
CODES = {F16: "e", F32: "f", F64: "d"}
SIGNALLING = np.array([0x7FF0000000000001], np.uint64).view(np.float64)


@pytest.mark.parametrize("fmt", FloatFormat)
def test_bits_are_those_of_struct_and_bitstring(fmt):
    for value in (0.0, -0.0, 1.0, -1.5, 0.333251953125, 65504.0, 2.0**-24, np.inf, -np.inf):
        bits = to_bits(value, fmt)
        assert bits.tobytes() == struct.pack(f">{CODES[fmt]}", value)
        assert bits == Bits(float=value, length=fmt.bits)
        assert from_bits(f"0x{bits.hex}", fmt) == value
        assert from_bits(f"0b{bits.bin}", fmt) == value


@pytest.mark.parametrize("fmt", FloatFormat)
def test_every_pattern_comes_back(fmt):
    """All of float16; of the others random ones, and NaNs with every kind of payload."""
    step = 1 << (fmt.bits - 16)
    heads = np.arange(2**16, dtype=np.uint64) * np.uint64(step)
    tails = np.random.default_rng(fmt.bits).integers(0, step, heads.size, dtype=np.uint64)
    pattern = (heads + tails).astype(fmt.unsigned)
    string = to_bits(pattern.view(fmt.dtype), fmt)
    assert len(string) == pattern.size * fmt.bits
    np.testing.assert_array_equal(from_bits(string, fmt).view(fmt.unsigned), pattern)


@pytest.mark.parametrize("fmt", FloatFormat)
def test_fields_are_the_bit_string_cut(fmt):
    values = np.array([-1.5, 0.0, 0.333251953125, 65504.0, 2.0**-24, np.nan], fmt.dtype)
    view = fields(values)
    for index in range(values.size):
        bits = to_bits(values[index], fmt)
        assert int(bits[0]) == view.sign[index]
        assert bits[1 : 1 + fmt.exponent_bits].uint == view.exponent[index]
        assert bits[1 + fmt.exponent_bits :].uint == view.significand[index]


def test_arrays_byte_orders_and_other_formats():
    swapped = np.array([1.0, -2.5], ">f4")
    assert to_bits(swapped, F32).hex == "3f800000c0200000"
    assert to_bits(np.array([[1.0, 2.0], [3.0, 4.0]]).T, F16).hex == "3c00420040004400"
    assert to_bits(np.float64(0.5), F16).hex == "3800"
    for fmt in FloatFormat:
        assert len(to_bits([], fmt)) == 0
        assert from_bits(Bits(), fmt).tolist() == []


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (
            lambda: to_bits(0.1, F16),
            ValueError,
            r"0.1 is not exact in float16: convert it first, for example .* .astype\(np.float16\)",
        ),
        (lambda: to_bits([1.0, 1e6], F16), ValueError, "1000000.0 is not exact in float16: .*"),
        (lambda: to_bits(1e-50, F32), ValueError, "1e-50 is not exact in float32: .*"),
        (lambda: to_bits(SIGNALLING, F32), ValueError, "nan is not exact in float32: .*"),
        (
            lambda: to_bits(1, F32),
            TypeError,
            "values must be a float16, float32 or float64 array, not int64",
        ),
        (
            lambda: from_bits("0x3c", F16),
            ValueError,
            "float16 needs a whole number of times 16 bits, not 8",
        ),
        (
            lambda: from_bits("0x3g00", F16),
            ValueError,
            "bits must be digits behind 0x or 0b, for example 0x3c00, not '0x3g00'",
        ),
        (
            lambda: from_bits(16, F16),
            TypeError,
            "bits must be a bitstring.Bits or text like 0x3c00, not 16",
        ),
        (lambda: to_bits(1.0, "float16"), TypeError, "fmt must be a .*FloatFormat, not 'float16'"),
        (lambda: from_bits("0x0", F16.value), TypeError, "fmt must be a .*FloatFormat, not .*"),
    ],
)
def test_bad_arguments_are_refused(call, error, sentence):
    with pytest.raises(error, match=f"^{sentence}$"):
        call()
