
import pytest

from hw.activation_memory import ActivationMemory
from hw.activation_reader import ActivationReader


@pytest.mark.parametrize(
    ("read", "write", "banks", "read_latency", "write_latency"),
    [(1, 1, 1, 5, 2), (3, 4, 4, 6, 3), (8, 8, 8, 7, 4), (8, 9, 16, 7, 4), (64, 1, 64, 8, 5)],
)
def test_banks_and_latencies_follow_from_the_widest_window(
    read, write, banks, read_latency, write_latency
):
    signature = ActivationMemory(size=128, read_width=read, write_width=write)
    assert signature.banks == banks
    assert (signature.read_latency, signature.write_latency) == (read_latency, write_latency)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((15, 8, 3), "size must be 16 bytes or more, two words of each of 8 banks, not 15"),
        ((64, 0, 3), "read_width must be 1 or more, not 0"),
        ((64, 8, -1), "write_width must be 1 or more, not -1"),
    ],
)
def test_impossible_sizes_are_refused(sizes, message):
    size, read, write = sizes
    with pytest.raises(ValueError, match=message):
        ActivationMemory(size=size, read_width=read, write_width=write)


def test_a_reader_that_waited_for_a_write_sees_it():
    # The writer counts a job the cycle after its last write, and the reader waits for the count.
    widest = ActivationMemory(size=65536, read_width=64, write_width=64)
    assert widest.write_latency <= 1 + ActivationReader.READ_AFTER
