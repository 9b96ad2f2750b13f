import pytest
from amaranth.hdl import signed, unsigned
from amaranth.lib import data

from hw.loop import Loop

JOB = data.StructLayout({"count": 4, "step": 3, "short": signed(5), "long": signed(12), "base": 9})


@pytest.mark.parametrize(
    ("loop", "shape"),
    [
        (Loop("count", "step"), unsigned(7)),
        (Loop("count", "step", "base"), unsigned(10)),
        (Loop("count", "step", "short"), signed(9)),
        (Loop("count", "step", "long"), signed(13)),
        (Loop("count", "step", "base", bits=6), unsigned(6)),
        (Loop("count", "step", limit=15), unsigned(5)),
        (Loop("count", "step", limit=100), unsigned(7)),
        (Loop("count", "step", "base", limit=100), unsigned(8)),
        (Loop("count", "step", "short", limit=15), signed(7)),
        (Loop("count", "step", "long", limit=0), signed(13)),
    ],
)
def test_a_sum_is_wide_enough_for_any_job(loop, shape):
    assert loop.sum_shape(JOB) == shape
