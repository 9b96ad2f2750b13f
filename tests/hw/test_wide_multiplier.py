import itertools
import random

import pytest

from hw.wide_multiplier import WideMultiplier
from sim.pipeline import run_pipeline


@pytest.mark.parametrize(
    ("high_width", "b_width", "product_width"),
    [(9, 24, 49), (16, 24, 56), (2, 17, 33), (18, 33, 67)],
)
def test_products_of_random_and_extreme_operands(high_width, b_width, product_width):
    draw = random.Random(high_width)
    top = 1 << high_width - 1
    rows = list(
        itertools.product(
            (0, 1, (1 << 16) - 1, 1 << 16),
            (-top, -1, 0, 1, top - 1),
            (0, 1, 0xFFFF, 0x10000, 1 << b_width - 1, (1 << b_width) - 1),
        )
    ) + [
        (draw.randrange(0x10001), draw.randrange(-top, top), draw.randrange(1 << b_width))
        for _ in range(300)
    ]
    answers = run_pipeline(
        WideMultiplier(high_width=high_width, b_width=b_width, product_width=product_width),
        {
            "i_a": [{"low": low, "high": high} for low, high, _ in rows],
            "i_b": [b for _, _, b in rows],
        },
        output="product",
        latency=WideMultiplier.LATENCY,
    )
    half = 1 << product_width - 1
    products = [(low + (high << 16)) * b for low, high, b in rows]
    assert answers == [(product + half) % (2 * half) - half for product in products]


@pytest.mark.parametrize(
    ("widths", "sentence"),
    [
        ((19, 24, 42), "high_width must be from 2 to 18, not 19"),
        ((9, 34, 49), "b_width must be from 17 to 33, not 34"),
        ((9, 24, 50), "product_width must be from 33 to 49, not 50"),
    ],
)
def test_illegal_widths(widths, sentence):
    names = ("high_width", "b_width", "product_width")
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        WideMultiplier(**dict(zip(names, widths, strict=True)))
