import numpy as np
import pytest

from golden.diagnose import diagnose


@pytest.fixture
def accumulators():
    """A function: int32 values of every magnitude, with their edges."""

    def draw(rng, shape):
        edges = [0, 1, -1, 2**24, 2**24 + 1, -(2**24) - 1, 2**31 - 1, -(2**31), -(2**31) + 1]
        values = rng.integers(-(2**31), 2**31, shape) >> rng.integers(0, 31, shape)
        return np.where(rng.random(shape) < 0.05, rng.choice(edges, shape), values).astype(np.int32)

    return draw


@pytest.fixture
def near_ties(accumulators):
    """A function: accumulators and float32 scales whose product is within 2 ulp of a tie."""

    def draw(rng, count):
        t = accumulators(rng, count)
        t[t == 0] = 3
        ties = rng.integers(0, 140, count) + 0.5
        scale = (ties / np.abs(t.astype(np.float64))).astype(np.float32)
        ulps = rng.integers(-2, 3, count).astype(np.int32)
        return t, (scale.view(np.int32) + ulps).view(np.float32)

    return draw


@pytest.fixture
def cause_of():
    """A function: the first cause that a diagnosis names, which must explain all differences."""

    def first(actual, expected, origin=None):
        found = diagnose(actual, expected, origin)
        assert found, "nothing explains it"
        assert all(item.complete for item in found)
        return found[0].sentence

    return first
