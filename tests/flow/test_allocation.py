import numpy as np
import pytest

from flow.allocation import ALIGNMENT, Lifetime, allocate


@pytest.mark.parametrize("seed", range(30))
def test_tensors_that_meet_have_places_of_their_own(seed):
    rng = np.random.default_rng(seed)
    lifetimes = []
    for index in range(25):
        first = int(rng.integers(0, 12))
        last = first + int(rng.integers(0, 5))
        lifetimes.append(Lifetime(f"t{index}", int(rng.integers(1, 300)), first, last))
    addresses = allocate(lifetimes)
    for index, one in enumerate(lifetimes):
        assert addresses[one.name] % ALIGNMENT == 0
        for other in lifetimes[:index]:
            if max(one.first, other.first) <= min(one.last, other.last):
                low, high = sorted((one, other), key=lambda tensor: addresses[tensor.name])
                words = -(-low.bytes // ALIGNMENT)
                assert addresses[low.name] + words * ALIGNMENT <= addresses[high.name]


def test_a_chain_needs_two_places():
    chain = [Lifetime(f"t{index}", 100, index, index + 1) for index in range(10)]
    assert set(allocate(chain).values()) == {0, 100}


def test_the_smallest_gap_that_is_large_enough_is_taken():
    lifetimes = [
        Lifetime("a", 1000, 0, 0),  # leaves a gap of 1000
        Lifetime("b", 900, 0, 9),
        Lifetime("c", 800, 0, 0),  # leaves a gap of 800
        Lifetime("d", 700, 0, 9),
        Lifetime("e", 600, 5, 9),
        Lifetime("f", 300, 5, 9),
    ]
    addresses = allocate(lifetimes)
    assert addresses == {"a": 0, "b": 1000, "c": 1900, "d": 2700, "e": 1900, "f": 0}


def test_sizes_are_rounded_up_to_words_of_the_host():
    assert allocate([Lifetime("a", 5, 0, 1), Lifetime("b", 5, 0, 1)]) == {"a": 0, "b": 8}
