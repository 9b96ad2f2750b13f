"""What quantization-aware training gains on the digits, computed in integers."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch is missing: pip install lastbit[torch]")

from bench.qat import trials


@pytest.mark.long
def test_training_is_better_with_four_bits_and_not_worse_with_eight():
    """Images of 360; another processor sums otherwise, hence the margins."""
    found = [trial for seed in (0, 2) for trial in trials(seed, bits=(8, 4))]

    def right(method, bits):
        return np.mean([t.right for t in found if (t.method, t.bits) == (method, bits)])

    rules = ("post-training, min-max", "post-training, least squares")
    after = {bits: max(right(rule, bits) for rule in rules) for bits in (8, 4)}
    assert right("float", 0) > 335
    for trained in ("straight-through", "learned step"):
        assert right(trained, 8) >= after[8] - 2
        assert right(trained, 4) >= after[4] + 4
    assert sum(t.differences for t in found) < 1e-4 * sum(t.elements for t in found)
    assert max(t.seconds for t in found) < 30
