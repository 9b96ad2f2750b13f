"""The specification the hardware is proved against, run on integers, against golden."""

import numpy as np
import pytest

pytest.importorskip("bitwuzla", reason="pip install 'lastbit[proof]' for bitwuzla")

from golden.scheme import Scheme
from sim.proof.specification import clip, exact_product, float32_product
from sim.requantizer_rows import requantizer_rows


def specified(row):
    p = row.parameters
    total = (row.acc + p.bias + 2**31) % 2**32 - 2**31
    multiplier = 1 if p.multiplier is None else p.multiplier
    if p.scheme is Scheme.FLOAT32:
        scaled = float32_product(total, lambda x: x * multiplier, p.shift)
    else:
        scaled = exact_product(total, lambda x: x * multiplier, p.shift, p.tie)
    return clip(scaled + p.zero_point, p.low, p.high)


@pytest.mark.parametrize("scheme", [Scheme.FLOAT32, Scheme.FIXED, Scheme.SHIFT])
@pytest.mark.parametrize("count", [1500, pytest.param(100_000, marks=pytest.mark.long, id="many")])
def test_equals_golden(scheme, count):
    for row in requantizer_rows(np.random.default_rng(7), count, schemes=[scheme]):
        assert specified(row) == row.expected, row
