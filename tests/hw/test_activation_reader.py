
import pytest

from hw.activation_reader import ActivationReader


@pytest.mark.parametrize("read_latency", [2, 9])
def test_a_read_latency_it_is_not_made_for_is_refused(read_latency):
    message = f"read_latency must be from 3 to 8, not {read_latency}"
    with pytest.raises(ValueError, match=message):
        ActivationReader(rows=8, size=256, read_latency=read_latency)


def test_latencies_are_the_sums_of_their_parts():
    reader = ActivationReader(rows=8, size=256, read_latency=5)
    assert reader.READ_AFTER == 8
    assert reader.row_latency == 7
    assert reader.pipeline_latency == 11
