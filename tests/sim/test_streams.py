import re

import pytest

from sim.simulator import Simulator

FAULTS = {
    "valid_falls": r"o: valid fell before the beat was taken, cycle \d+ \(seed 1\)",
    "payload_changes": r"o: the payload changed from 0x\w+ to 0x\w+ in waiting, cycle \d+",
    "a_beat_is_lost": r"o: beat 7 of 60, lane 0 of 1: expected 7, not 8; 1 lanes of this beat",
    "a_bit_is_wrong": r"o: beat 19 of 60, lane 0 of 1: expected 19, not 3; ",
    "payload_is_looked_at_while_not_valid": r"o: beat 0 of 60, lane 0 of 1: expected 0, not -1",
    "nothing_comes": r"o: 0 of 60 beats came within 1000 cycles \(seed 1\)",
}


def failures(result):
    return {failure.name: failure.message for failure in result.failures}


@pytest.fixture(scope="module")
def found():
    return {}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_stream_is_found(run_link, found, fault):
    # All of them in one run, which is quicker than a run each.
    if not found:
        found.update(failures(run_link(*FAULTS)))
    assert_matches(found[fault], FAULTS[fault])


def assert_matches(message, pattern):
    assert re.match(pattern, message), message


def test_unknown_bits_are_found(run_link):
    result = run_link("payload_is_unknown", simulator=Simulator.ICARUS)
    assert_matches(
        failures(result)["payload_is_unknown"],
        r"o__payload is XXXXXXXX in cycle \d+: unknown bits",
    )


@pytest.mark.parametrize("simulator", Simulator)
def test_axi_packets_end_with_last(run_link, simulator):
    assert run_link("packets_end_with_last", simulator=simulator).ok
