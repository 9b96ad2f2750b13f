"""The error report against figures worked out by hand and against theory."""

import math

import numpy as np
import pytest

from golden.formats import INT4, INT8
from golden.quantization_error import (
    QuantizationError,
    channel_errors,
    error_between,
    quantization_error,
)
from golden.quantize import Quantization
from golden.rounding import Rounding


def test_figures_by_hand():
    q = Quantization(1.0, 0, INT4)
    error = quantization_error([1.25, -2.0, 3.75, 9.0], q)  # restored: 1, -2, 4, 7
    assert error == QuantizationError(
        count=4,
        max_abs=2.0,
        mean=(-0.25 + 0.25 - 2) / 4,
        mean_squared=(0.0625 + 0.0625 + 4) / 4,
        sqnr_db=10 * math.log10((1.25**2 + 4 + 3.75**2 + 81) / 4.125),
        clipped=0.25,
    )


def test_rounding_rule_is_the_one_named():
    q = Quantization(1.0, 0, INT8)
    assert quantization_error([0.75, 1.75], q, Rounding.FLOOR).mean == -0.75
    assert quantization_error([0.75, 1.75], q).mean == 0.25


def test_exact_values_have_infinite_sqnr():
    q = Quantization(0.5, 0, INT8)
    assert quantization_error([0.5, -3.0], q).sqnr_db == math.inf
    assert quantization_error([0.0, 0.0], q).sqnr_db == math.inf
    assert error_between([0.0], [1.0]).sqnr_db == -math.inf


@pytest.mark.parametrize("bits", [4, 6, 8])
def test_uniform_noise_is_six_decibels_a_bit(bits):
    x = np.random.default_rng(bits).uniform(-1, 1, 400_000)
    error = quantization_error(x, Quantization(2.0 ** (1 - bits) * 1.0000001, 0, INT8))
    assert error.mean_squared == pytest.approx(2.0 ** (2 - 2 * bits) / 12, rel=0.02)
    assert error.sqnr_db == pytest.approx(20 * bits * math.log10(2), abs=0.1)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_channels_are_reported_one_by_one(axis):
    x = np.random.default_rng(1).standard_normal((3, 4)) * np.array([1, 10, 100, 1000])
    q = Quantization(0.1, 0, INT8)
    reports = channel_errors(x, q, axis)
    channels = np.moveaxis(x, axis, 0)
    assert reports == [quantization_error(channel, q) for channel in channels]


def test_channels_with_their_own_scales():
    x = np.random.default_rng(1).standard_normal((3, 400))
    q = Quantization([0.01, 0.1, 1.0], 0, INT8, axis=0)
    reports = channel_errors(x, q, 0)
    alone = [quantization_error(x[c], Quantization(q.scale[c], 0, INT8)) for c in range(3)]
    assert reports == alone
    everything = quantization_error(x, q)
    assert everything.max_abs == max(r.max_abs for r in reports)
    assert everything.clipped == pytest.approx(np.mean([r.clipped for r in reports]))


def test_row_lines_up_under_the_header():
    rows = [
        quantization_error([1.25, 9.0], Quantization(1.0, 0, INT4)).row("weights"),
        quantization_error([0.5], Quantization(0.5, 0, INT8)).row(),
    ]
    assert [len(row) for row in rows] == [len(QuantizationError.HEADER)] * 2
    assert rows[0].split() == ["weights", "2", "2", "-1.12", "2.031", "13.08", "50.000"]
    assert rows[1].split()[-2:] == ["inf", "0.000"]


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda q: quantization_error([], q), "values must hold at least one number"),
        (lambda q: quantization_error([np.inf], q), r"values must be finite, not inf at \(0,\)$"),
        (lambda q: channel_errors([1.0], q, 1), "^axis must be from -1 to 0 for 1 axes, not 1$"),
        (lambda q: error_between([1.0], [1.0, 2.0]),
         r"^restored must have the shape of x, \(1,\), not \(2,\)$"),
    ],
)  # fmt: skip
def test_what_has_no_error_is_refused(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call(Quantization(1.0, 0, INT8))
