import ctypes
import ctypes.util

import numpy as np
import pytest

from golden.kernels.exponential import expf


@pytest.fixture
def library():
    name = ctypes.util.find_library("m")
    if name is None:
        pytest.skip("needs the C library's libm")
    function = ctypes.CDLL(name).expf
    function.restype, function.argtypes = ctypes.c_float, [ctypes.c_float]
    return function


def test_equals_the_c_library(library):
    rng = np.random.default_rng(1)
    values = np.concatenate(
        [
            -rng.exponential(10, 20_000),
            -rng.uniform(0, 110, 20_000),
            np.linspace(-104, -86, 2000),
            [0.0, -0.0, -1e-30, -150.0, -1e30, 88.0, 1.0],
        ]
    ).astype(np.float32)
    expected = np.array([library(float(v)) for v in values], np.float32)
    np.testing.assert_array_equal(expf(values), expected)


def test_is_not_always_the_nearest_number():
    """So that float64's exp, rounded, is no substitute."""
    values = -np.random.default_rng(2).uniform(0, 20, 200_000).astype(np.float32)
    nearest = np.exp(values.astype(np.float64)).astype(np.float32)
    differing = (expf(values) != nearest).mean()
    assert 0 < differing < 0.01
