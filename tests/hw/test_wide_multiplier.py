
import random

import pytest

from hw.wide_multiplier import WideMultiplier
from sim.pipeline import run_pipeline


@pytest.mark.parametrize(("a_width", "b_width", "product_width"),
                         [(26, 24, 49), (33, 24, 56), (19, 18, 37), (35, 34, 69)])
def test_products_of_random_and_extreme_operands(a_width, b_width, product_width):
    draw = random.Random(a_width)
    extremes = [(a, b) for a in (-1 << a_width - 1, -1, 0, 1, (1 << a_width - 1) - 1)
                for b in (0, 1, 1 << b_width - 1, (1 << b_width) - 1)]
    pairs = extremes + [
        (draw.randrange(-1 << a_width - 1, 1 << a_width - 1), draw.randrange(1 << b_width))
        for _ in range(300)
    ]
    answers = run_pipeline(
        WideMultiplier(a_width=a_width, b_width=b_width, product_width=product_width),
        {"i_a": [a for a, _ in pairs], "i_b": [b for _, b in pairs]},
        output="product",
        latency=WideMultiplier.LATENCY,
    )
    half = 1 << product_width - 1
    assert answers == [(a * b + half) % (2 * half) - half for a, b in pairs]


@pytest.mark.parametrize(
    ("widths", "sentence"),
    [
        ((18, 24, 42), "a_width must be from 19 to 35, not 18"),
        ((26, 35, 49), "b_width must be from 18 to 34, not 35"),
        ((26, 24, 51), "product_width must be from 35 to 50, not 51"),
    ],
)
def test_illegal_widths(widths, sentence):
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        WideMultiplier(**dict(zip(("a_width", "b_width", "product_width"), widths, strict=True)))
