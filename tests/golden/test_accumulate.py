import re

import numpy as np
import pytest

from golden.accumulate import (
    accumulate,
    accumulate_products,
    accumulator_range,
    add_step,
    largest_k,
    required_bits,
    wrap,
)
from golden.formats import INT4, INT8, INT16, UINT4, UINT8, IntegerFormat
from golden.gemm import matmul, matmul_wide
from golden.overflow import Overflow

WIDTHS = [2, 3, 8, 16, 19, 31, 32, 33, 48, 63, 64]
LOWEST = {Overflow.SATURATE: 0, Overflow.SATURATE_SYMMETRIC: 1}


def in_python(start, products, bits, overflow):
    """One accumulator, one product at a time."""
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    if overflow is Overflow.WRAP:
        return (start + sum(products) - low) % 2**bits + low
    low += LOWEST[overflow]
    total = min(max(start, low), high)
    for product in products:
        total = min(max(total + product, low), high)
    return total


@pytest.mark.parametrize("overflow", [Overflow.WRAP, *LOWEST])
@pytest.mark.parametrize("bits", WIDTHS)
def test_equals_python_integers_one_step_at_a_time(bits, overflow):
    rng = np.random.default_rng(bits)
    size = min(2 ** (bits + 1), 2**61)
    products = rng.integers(-size, size, (40, 12), endpoint=True)
    start = rng.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1, 40, endpoint=True)
    result = accumulate(products, bits=bits, overflow=overflow, initial=start)
    expected = [
        in_python(first, row, bits, overflow)
        for first, row in zip(start.tolist(), products.tolist(), strict=True)
    ]
    assert result.tolist() == expected


@pytest.mark.parametrize(
    ("overflow", "up_first", "down_first"),
    [(Overflow.WRAP, 100, 100), (Overflow.SATURATE, 27, 100)],
)
def test_index_order_matters_only_if_it_saturates(overflow, up_first, down_first):
    assert accumulate([100, 100, -100], bits=8, overflow=overflow) == up_first
    assert accumulate([-100, 100, 100], bits=8, overflow=overflow) == down_first


def test_the_end_of_64_bits_saturates_without_overflow_on_the_way():
    top, bottom = np.int64(2**63 - 1), np.int64(-(2**63))
    for acc, addend, total in [(top, 1, top), (bottom, -1, bottom), (top, -1, 2**63 - 2)]:
        assert add_step(acc, addend, 64, Overflow.SATURATE) == total
    assert add_step(bottom + 1, -1, 64, Overflow.SATURATE_SYMMETRIC) == bottom + 1


def test_axis_and_broadcast_of_the_initial_value():
    products = np.arange(24).reshape(2, 3, 4)
    np.testing.assert_array_equal(
        accumulate(products, axis=1, initial=[10, 20, 30, 40]),
        products.sum(axis=1) + np.array([10, 20, 30, 40]),
    )


def test_no_product_leaves_the_initial_value_in_range():
    assert accumulate([], bits=8, overflow=Overflow.SATURATE, initial=300) == 127
    assert accumulate([], bits=8, initial=300) == 44


def test_products_of_a_matrix_are_added_in_the_order_of_k():
    a = np.array([[100, 100, -100]], np.int8)
    w = np.ones((3, 1), np.int8)
    assert accumulate_products(a, w, bits=8).item() == 27


@pytest.mark.parametrize(
    ("value", "bits", "expected"),
    [(127, 8, 127), (128, 8, -128), (-129, 8, 127), (2, 2, -2), (2**63 - 1, 64, 2**63 - 1)],
)
def test_wrap(value, bits, expected):
    assert wrap(value, bits) == expected


@pytest.mark.parametrize(
    ("activation", "weight", "bits", "k"),
    [
        (INT8, INT8, 32, 2**17 - 1),
        (UINT8, INT8, 32, 2**31 // (255 * 128)),
        (INT8, INT8, 17, 3),
        (INT8, INT8, 16, 1),
        (INT8, INT8, 15, 0),
        (INT16, INT16, 32, 1),
        (INT16, INT16, 48, 2**17 - 1),
        (INT4, UINT4, 16, 2**15 // (8 * 15)),
        (UINT8, UINT8, 32, (2**31 - 1) // 255**2),
    ],
)
def test_largest_k_is_exact(activation, weight, bits, k):
    assert largest_k(activation, weight, bits) == k
    corners = [a * w for a in (activation.min, activation.max) for w in (weight.min, weight.max)]
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    assert all(low <= k * corner <= high for corner in corners)
    assert not all(low <= (k + 1) * corner <= high for corner in corners)


def test_largest_k_of_one_bit_formats():
    bit = IntegerFormat(1, signed=True)
    assert largest_k(bit, IntegerFormat(1, signed=False), 8) == 128
    assert largest_k(bit, bit, 8) == 127


def test_the_product_at_largest_k_is_right_and_past_it_wraps():
    k = largest_k(INT8, INT8)
    a, w = np.full((1, k + 1), -128, np.int8), np.full((k + 1, 1), -128, np.int8)
    assert matmul(a[:, :k], w[:k]) == matmul_wide(a[:, :k], w[:k])
    assert matmul(a, w) != matmul_wide(a, w)


@pytest.mark.parametrize("input_format", [INT8, UINT8, INT4, INT16])
def test_both_ends_of_the_range_are_attained(input_format):
    rng = np.random.default_rng(4)
    w = rng.integers(-128, 128, (30, 6), np.int8)
    bias = rng.integers(-(2**20), 2**20, 6)
    low, high = accumulator_range(w, input_format, bias)
    for extreme, positive, negative in [
        (high, input_format.max, input_format.min),
        (low, input_format.min, input_format.max),
    ]:
        for channel in range(6):
            worst = np.where(w[:, channel] > 0, positive, negative)
            assert worst @ w[:, channel] + bias[channel] == extreme[channel]


@pytest.mark.parametrize(
    ("weights", "input_format", "bias", "bits"),
    [
        ([[0]], INT8, 0, 1),
        ([[1]], INT8, 0, 8),
        ([[-1]], INT8, 0, 9),
        ([[-1]], UINT8, 0, 9),
        ([[1]], UINT8, 0, 9),
        ([[127]] * 2, INT8, 0, 16),
        ([[-128]] * 2, INT8, 0, 17),
        ([[-128]] * 2, INT8, -1, 16),
        ([[1, 127]], INT8, [0, 0], 15),
        ([[1, 127]], INT8, [2**30, 0], 32),
        ([[1, 127]], INT8, [-(2**30), 0], 32),
        ([[0]], INT8, 2**31 - 1, 32),
        ([[0]], INT8, -(2**31), 32),
        ([[1]], UINT8, 2**31 - 1, 33),
        (np.zeros((3, 0), np.int8), INT8, 0, 1),
    ],
)
def test_required_bits(weights, input_format, bias, bits):
    assert required_bits(weights, input_format, bias) == bits


def test_required_bits_of_sums_past_64_bits():
    word = IntegerFormat(32, signed=True)
    assert required_bits(np.full((4, 1), -(2**31)), word) == 66


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (
            lambda: accumulate([1], bits=1),
            ValueError,
            "accumulator bits must be from 2 to 64, not 1",
        ),
        (
            lambda: accumulate([1], bits=8.0),
            TypeError,
            "accumulator bits must be an integer, not 8.0",
        ),
        (
            lambda: accumulate([1.5]),
            TypeError,
            "products must be integers that fit int64, not float64",
        ),
        (
            lambda: accumulate([1], overflow=Overflow.SATURATE_TO_ZERO),
            ValueError,
            (
                "overflow must be WRAP, SATURATE or SATURATE_SYMMETRIC for an accumulator, "
                "not Overflow.SATURATE_TO_ZERO"
            ),
        ),
        (
            lambda: required_bits([1, 2], INT8),
            ValueError,
            "weights must have shape (K, N), not (2,)",
        ),
    ],
)
def test_refusals(call, error, sentence):
    with pytest.raises(error, match=f"^{re.escape(sentence)}$"):
        call()
