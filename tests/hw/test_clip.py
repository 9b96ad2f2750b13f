
import pytest

from hw.clip import Clip
from sim.pipeline import run_pipeline_outputs


@pytest.mark.parametrize(("low", "high"), [(-128, 127), (0, 127), (-7, -7), (-128, -128), (5, 6)])
def test_inputs_around_both_ends_and_the_bounds(low, high):
    values = [*range(-2048, -1900), *range(-300, 300), *range(1900, 2048)]
    rows = len(values)
    answers = run_pipeline_outputs(
        Clip(in_width=12, width=8),
        {"i": values, "low": [low] * rows, "high": [high] * rows},
        outputs=("o", "under", "over"),
        latency=Clip.LATENCY,
    )
    assert answers == [(min(max(value, low), high), value < low, value > high) for value in values]


@pytest.mark.parametrize(
    ("in_width", "width", "sentence"),
    [
        (4, 0, "width of a clip must be 1 or more, not 0"),
        (8, 8, "in_width must be more than width, 8, not 8"),
    ],
)
def test_illegal_widths(in_width, width, sentence):
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        Clip(in_width=in_width, width=width)
