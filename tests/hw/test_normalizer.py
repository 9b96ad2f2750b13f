
import pytest

from hw.normalizer import Normalizer
from sim.pipeline import run_pipeline


def edges(width):
    """Numbers around every power of two, of both signs."""
    near = {n + d for bit in range(width - 1) for n in (1 << bit, -1 << bit) for d in (-1, 0, 1)}
    near |= {-1 << width - 1, (1 << width - 1) - 1}
    return sorted(n for n in near if -1 << width - 1 <= n < 1 << width - 1)


def leading_signs(value, width):
    """Bits below the sign bit that are equal to it, without a break."""
    bits = f"{value % (1 << width):0{width}b}"
    return len(bits) - len(bits.lstrip(bits[0])) - 1


@pytest.mark.parametrize("width", [10, 11, 16, 24, 31, 32])
@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("count", leading_signs),
        ("normalized", lambda value, width: value << leading_signs(value, width)),
        ("is_zero", lambda value, width: int(value == 0)),
    ],
)
def test_every_power_of_two_and_its_neighbours(width, output, expected):
    values = [value for value in edges(width) if value or output != "count"]
    answers = run_pipeline(
        Normalizer(width=width), {"i": values}, output=output, latency=Normalizer.LATENCY)
    wrap = {"normalized": lambda n: n % (1 << width) - ((n >> width - 1 & 1) << width)}
    shaped = wrap.get(output, lambda n: n)
    assert answers == [shaped(expected(value, width)) for value in values]


@pytest.mark.parametrize("width", [9, 33])
def test_illegal_width(width):
    sentence = f"width of a normalizer must be from 10 to 32, not {width}"
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        Normalizer(width=width)
