import pytest

from flow import network_campaign
from flow.network_campaign import ENGINES, run_networks
from golden.program import Counters

pytestmark = pytest.mark.long


def test_random_networks_are_equal_in_everything():
    tally = run_networks(ENGINES[2], 8, seed=3)
    assert tally.all_equal, tally
    assert tally.networks == 8
    assert tally.elements > 100


def test_what_differs_is_counted(monkeypatch):
    class Other(network_campaign.HostMachine):
        def run(self, inputs):
            run = super().run(inputs)
            next(iter(run.tensors.values())).flat[0] ^= 1
            run.registers["cycles"] += 1
            object.__setattr__(run, "counters", Counters())
            return run

    monkeypatch.setattr(network_campaign, "HostMachine", Other)
    tally = run_networks(ENGINES[2], 2, seed=3)
    assert (tally.wrong_elements, tally.wrong_counters, tally.wrong_cycles) == (2, 2, 2)
    assert not tally.all_equal
