import pytest

from hw.output_buffer import OutputBuffer


@pytest.mark.parametrize("depth", [-1, 0, 1, 2])
def test_a_buffer_that_would_lose_results_is_refused(depth):
    with pytest.raises(ValueError, match=rf"^depth must be 3 or more, not {depth}$"):
        OutputBuffer(8, depth=depth)
