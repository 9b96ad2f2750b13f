import numpy as np
import pytest

from sim.stalls import StallPattern


def stalls(pattern, cycles=4000, seed=1):
    stalled = pattern.start(np.random.default_rng(seed))
    return np.array([stalled(False) for _ in range(cycles)])


@pytest.mark.parametrize(
    ("pattern", "share"),
    [
        (StallPattern.NEVER, 0),
        (StallPattern.ALTERNATE, 0.5),
        (StallPattern.RANDOM, 0.5),
        (StallPattern.BURSTS, 0.5),
        (StallPattern.LONG, 0.8),
        (StallPattern.LATE, 512 / 4000),
        (StallPattern.WHEN_ASKED, 1),
    ],
)
def test_share_of_stalled_cycles(pattern, share):
    assert stalls(pattern).mean() == pytest.approx(share, abs=0.03)


@pytest.mark.parametrize(
    ("pattern", "longest"),
    [(StallPattern.ALTERNATE, 1), (StallPattern.BURSTS, 8), (StallPattern.LONG, 64)],
)
def test_longest_stall(pattern, longest):
    flow = np.flatnonzero(~stalls(pattern))
    assert np.diff(flow).max() == longest + 1


@pytest.mark.parametrize("pattern", [StallPattern.RANDOM, StallPattern.BURSTS])
def test_the_seed_decides(pattern):
    assert (stalls(pattern) == stalls(pattern)).all()
    assert (stalls(pattern) != stalls(pattern, seed=2)).any()


def test_when_asked_flows_only_while_the_other_side_waits():
    stalled = StallPattern.WHEN_ASKED.start(np.random.default_rng(1))
    assert [stalled(waiting) for waiting in (False, True, False, True)] == [1, 0, 1, 0]


def test_a_source_has_every_pattern_but_when_asked():
    assert set(StallPattern) - set(StallPattern.of_sources()) == {StallPattern.WHEN_ASKED}
