import re

import numpy as np
import pytest

from golden.accumulate_operation import AccumulateOperation, combine

LOW, HIGH = -(2**31), 2**31 - 1


@pytest.mark.parametrize(
    ("operation", "before", "partial", "after"),
    [
        (AccumulateOperation.SET, 5, -7, -7),
        (AccumulateOperation.ADD, 5, -7, -2),
        (AccumulateOperation.ADD, HIGH, 1, LOW),
        (AccumulateOperation.ADD, LOW, -1, HIGH),
        (AccumulateOperation.SHIFT_ADD, 3, -1, 767),
        (AccumulateOperation.SHIFT_ADD, -(2**23), 0, LOW),
        (AccumulateOperation.SHIFT_ADD, 2**23, 0, LOW),
        (AccumulateOperation.SHIFT_ADD, -(2**23), -1, HIGH),
        (AccumulateOperation.SHIFT_ADD, 2**24 + 1, 0, 256),
        (AccumulateOperation.MAX, -3, -4, -3),
        (AccumulateOperation.MAX, -4, -3, -3),
        (AccumulateOperation.MAX, LOW, 0, 0),
        (AccumulateOperation.MAX, HIGH, -1, HIGH),
    ],
)
def test_operations(operation, before, partial, after):
    assert combine(operation, before, partial) == after


def test_operations_are_elementwise_and_narrow_accumulators_wrap():
    before, partial = np.array([[127], [-128]]), np.array([1, -1])
    assert combine(AccumulateOperation.ADD, before, partial, bits=8).tolist() == [
        [-128, 126],
        [-127, 127],
    ]
    assert combine(AccumulateOperation.SET, before, partial, bits=8).tolist() == [[1, -1], [1, -1]]


def test_an_operation_is_a_member():
    sentence = "operation must be an AccumulateOperation, not 'add'"
    with pytest.raises(TypeError, match=f"^{re.escape(sentence)}$"):
        combine("add", 0, 0)
