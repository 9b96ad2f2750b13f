from pathlib import Path

import numpy as np
import pytest
from apytypes import APyFixedArray, OverflowMode

from golden.formats import INT4, INT8, INT32, UINT4, UINT8, IntegerFormat
from golden.overflow import Overflow, fit

INT1, UINT32 = IntegerFormat(1, signed=True), IntegerFormat(32, signed=False)
FORMATS = [INT1, INT4, INT8, IntegerFormat(20, signed=True), INT32, UINT4, UINT8, UINT32]

VALUES = "-1000 -257 -256 -129 -128 -127 -1 0 1 126 127 128 255 256 1000"
TABLE = {
    (INT8, Overflow.SATURATE): "-128 -128 -128 -128 -128 -127 -1 0 1 126 127 127 127 127 127",
    (INT8, Overflow.WRAP): "24 -1 0 127 -128 -127 -1 0 1 126 127 -128 -1 0 -24",
    (INT8, Overflow.SATURATE_SYMMETRIC): (
        "-127 -127 -127 -127 -127 -127 -1 0 1 126 127 127 127 127 127"
    ),
    (INT8, Overflow.SATURATE_TO_ZERO): "0 0 0 0 -128 -127 -1 0 1 126 127 0 0 0 0",
    (UINT8, Overflow.SATURATE): "0 0 0 0 0 0 0 0 1 126 127 128 255 255 255",
    (UINT8, Overflow.WRAP): "24 255 0 127 128 129 255 0 1 126 127 128 255 0 232",
    (UINT8, Overflow.SATURATE_SYMMETRIC): "0 0 0 0 0 0 0 0 1 126 127 128 255 255 255",
    (UINT8, Overflow.SATURATE_TO_ZERO): "0 0 0 0 0 0 0 0 1 126 127 128 255 0 0",
    (INT1, Overflow.SATURATE): "-1 -1 -1 -1 -1 -1 -1 0 0 0 0 0 0 0 0",
    (INT1, Overflow.WRAP): "0 -1 0 -1 0 -1 -1 0 -1 0 -1 0 -1 0 0",
    (INT1, Overflow.SATURATE_SYMMETRIC): "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0",
    (INT1, Overflow.SATURATE_TO_ZERO): "0 0 0 0 0 0 -1 0 0 0 0 0 0 0 0",
}


def by_definition(value: int, fmt: IntegerFormat, rule: Overflow) -> int:
    """Fit one Python integer as the rule's sentence says."""
    match rule:
        case Overflow.SATURATE:
            return min(max(value, fmt.min), fmt.max)
        case Overflow.SATURATE_SYMMETRIC:
            return min(max(value, -fmt.max if fmt.signed else 0), fmt.max)
        case Overflow.SATURATE_TO_ZERO:
            return value if fmt.min <= value <= fmt.max else 0
        case Overflow.WRAP:
            return (value - fmt.min) % 2**fmt.bits + fmt.min


@pytest.mark.parametrize(("fmt", "rule"), TABLE, ids=str)
def test_table(fmt, rule):
    values = np.array(VALUES.split(), np.int64)
    expected = np.array(TABLE[fmt, rule].split(), np.int64)
    for dtype in (np.int64, np.int32, np.float64, np.float32):
        result = fit(values.astype(dtype), fmt, rule)
        np.testing.assert_array_equal(result, expected)
        assert result.dtype == np.int64
    assert [by_definition(value, fmt, rule) for value in values.tolist()] == expected.tolist()


def test_documented_table():
    text = Path(__file__).parents[2].joinpath("docs/number-rules.md").read_text()
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
    table = {row[0].strip("`"): row[2:] for row in rows if len(row) == 8}
    values = [-200, -128, 200, np.nan, np.inf, -np.inf]
    for rule in Overflow:
        assert fit(values, INT8, rule).tolist() == [int(cell) for cell in table[rule.value]]


@pytest.mark.parametrize("rule", Overflow)
@pytest.mark.parametrize("fmt", FORMATS, ids=str)
def test_exact_over_all_int64_and_float64(fmt, rule):
    ends = [-(2**63), -(2**62) - 1, fmt.min, fmt.max, 2**31, 2**32, -(2**32), 2**62 + 1, 2**63 - 1]
    values = {min(max(end + d, -(2**63)), 2**63 - 1) for end in ends for d in range(-2, 3)}
    values = sorted(values)
    expected = [by_definition(value, fmt, rule) for value in values]
    assert fit(np.array(values), fmt, rule).tolist() == expected

    steps = [2.0**k * m for k in (*range(100), 1000) for m in (1, 1.5, 1 + 2**-23, 2 - 2**-52)]
    floats = [sign * np.trunc(step) for step in steps for sign in (-1, 1)]
    expected = [by_definition(int(value), fmt, rule) for value in floats]
    assert fit(np.array(floats), fmt, rule).tolist() == expected


@pytest.mark.parametrize(
    ("rule", "results"),
    [
        (Overflow.SATURATE, [0, 127, -128, 0]),
        (Overflow.WRAP, [0, 0, 0, 0]),
        (Overflow.SATURATE_SYMMETRIC, [0, 127, -127, 0]),
        (Overflow.SATURATE_TO_ZERO, [0, 0, 0, 0]),
    ],
)
def test_nan_and_infinity(rule, results):
    signalling = np.array([0x7FF0000000000001], np.uint64).view(np.float64)
    values = np.concatenate([[np.nan, np.inf, -np.inf], signalling])
    assert fit(values, INT8, rule).tolist() == results


@pytest.mark.parametrize("fmt", FORMATS, ids=str)
@pytest.mark.parametrize(
    ("rule", "mode"), [(Overflow.SATURATE, OverflowMode.SAT), (Overflow.WRAP, OverflowMode.WRAP)]
)
def test_apytypes(fmt, rule, mode):
    rng = np.random.default_rng(3)
    values = rng.integers(-(2**63), 2**63 - 1, 50_000) >> rng.integers(0, 64, 50_000)
    # apytypes knows signed formats only; unsigned ones have one bit more, and no negative values.
    if fmt.signed:
        cast = APyFixedArray(values, bits=64, frac_bits=0).cast(fmt.bits, 0, overflow=mode)
        expected = cast.to_bits(numpy=True).astype(np.int64)
        sign = 1 << (fmt.bits - 1)
        expected = (expected ^ sign) - sign
    elif rule is Overflow.SATURATE:
        cast = APyFixedArray(values, bits=64, frac_bits=0).cast(fmt.bits + 1, 0, overflow=mode)
        expected = np.maximum(cast.to_numpy(), 0).astype(np.int64)
    else:
        cast = APyFixedArray(values, bits=64, frac_bits=0).cast(fmt.bits, 0, overflow=mode)
        expected = cast.to_bits(numpy=True).astype(np.int64)
    np.testing.assert_array_equal(fit(values, fmt, rule), expected)


@pytest.mark.parametrize("rule", Overflow)
def test_shapes_and_empty_arrays(rule):
    assert fit(300, INT8, rule).shape == ()
    assert fit([], INT8, rule).dtype == np.int64
    for dtype in (np.int16, np.float32):
        assert fit(np.zeros((2, 0), dtype), INT8, rule).shape == (2, 0)


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (
            lambda: fit([1.0, 0.5], INT8, Overflow.WRAP),
            ValueError,
            (
                "values must be whole numbers, but 0.5 is not: "
                "round it first with golden.rounding.round_float"
            ),
        ),
        (lambda: fit([True], INT8, Overflow.WRAP), TypeError, "values must be integers .*not bool"),
        (lambda: fit([1j], INT8, Overflow.WRAP), TypeError, "values must be .*, not complex128"),
        (lambda: fit([2**70], INT8, Overflow.WRAP), TypeError, "values must be .*, not object"),
        (
            lambda: fit(np.array([2**64 - 1], np.uint64), INT8, Overflow.WRAP),
            ValueError,
            "values must fit int64, but 18446744073709551615 does not",
        ),
        (
            lambda: fit([1], "int8", Overflow.WRAP),
            TypeError,
            "fmt must be a golden.formats.IntegerFormat, not 'int8'",
        ),
        (lambda: fit([1], INT8, "wrap"), TypeError, "rule must be a .*Overflow, not 'wrap'"),
        (
            lambda: Overflow.parse("saturated"),
            ValueError,
            (
                "overflow must be one of saturate, wrap, saturate_symmetric, saturate_to_zero,"
                " not 'saturated'; did you mean saturate[?]"
            ),
        ),
    ],
)
def test_bad_arguments_are_refused(call, error, sentence):
    with pytest.raises(error, match=f"^{sentence}$"):
        call()
