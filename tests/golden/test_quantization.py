"""The parameters of a quantization: what is legal, how they compare."""

import re

import numpy as np
import pytest

from golden.formats import INT4, INT8, IntegerFormat
from golden.quantization import Quantization, Range

INT1 = IntegerFormat(1, signed=True)


def test_range_of_a_quantization_holds_its_end_codes():
    assert Quantization(0.5, 28, INT8).range == Range(-78.0, 49.5)
    assert Quantization([0.5, 1.0], 0, INT4, axis=0).range == Range([-4.0, -8.0], [3.5, 7.0], 0)


def test_quantizations_compare_and_hash_by_value():
    q = Quantization([0.5, 1.0], 0, INT8, axis=0)
    same = Quantization(np.float64([0.5, 1.0]), [0, 0], IntegerFormat(8, True), axis=0)
    assert (q == same, hash(q) == hash(same)) == (True, True)
    assert q != Quantization([0.5, 1.0], 1, INT8, axis=0)
    with pytest.raises(ValueError, match="read-only"):
        q.scale[0] = 2


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        ((0.0, 0, INT8), ValueError, "scale must be positive and finite, not 0.0"),
        ((-0.5, 0, INT8), ValueError, "scale must be positive and finite, not -0.5"),
        ((np.nan, 0, INT8), ValueError, "scale must be positive and finite, not nan"),
        ((1e39, 0, INT8), ValueError, "scale must be positive and finite, not inf"),
        (([1.0, np.inf], 0, INT8, 0), ValueError, "scale must be positive and finite, not inf"),
        ((1, 0, INT8), TypeError, "scale must be floating point, not int64"),
        ((1.0, 0.0, INT8), TypeError, "zero_point must be an integer, not float64"),
        ((1.0, 128, INT8), ValueError, "zero_point must be from -128 to 127, not 128"),
        ((1.0, -128, INT8, None, True), ValueError,
         "zero_point must be from -127 to 127, not -128"),
        ((1.0, 0, INT1, None, True), ValueError,
         "a narrow range needs at least 2 bits, not int1"),
        (([1.0], 0, INT8), ValueError,
         "scale must be a scalar without an axis, not have shape (1,)"),
        ((1.0, 0, INT8, 0), ValueError, "scale must be one number a channel, not have shape ()"),
        (([[1.0]], 0, INT8, 0), ValueError,
         "scale must be one number a channel, not have shape (1, 1)"),
        (([1.0, 2.0], [0], INT8, 0), ValueError,
         "scale and zero_point must have one shape, not (2,) and (1,)"),
    ],
)  # fmt: skip
def test_illegal_quantization_is_refused(arguments, error, sentence):
    with pytest.raises(error) as caught:
        Quantization(*arguments)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((1.0, -1.0), "low must not exceed high, not 1.0 > -1.0"),
        ((np.nan, 1.0), "low must be finite, not nan"),
        (([0.0, 1.0], [1.0, np.inf], 0), "high must be finite, not inf at (1,)"),
        (([0.0, 1.0], [1.0], 0), "low and high must have one shape, not (2,) and (1,)"),
    ],
)
def test_illegal_range_is_refused(arguments, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        Range(*arguments)
