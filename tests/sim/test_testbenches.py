"""Every testbench on Verilator, the everyday configurations every day; Icarus where it is quick."""

import pytest

from sim import testbench
from sim.simulator import Simulator

SEED = 1


def marked(case):
    return pytest.param(case, id=case.name, marks=[pytest.mark.long] if case.long else [])


def assert_passes(case, simulator):
    if (missing := simulator.missing()) is not None:
        pytest.skip(missing)
    result = testbench.run_case(case, simulator=simulator, seed=SEED)
    assert result.ok, testbench.report(case, result, simulator)


@pytest.mark.parametrize("case", [marked(case) for case in testbench.cases()])
def test_on_verilator(case):
    assert_passes(case, Simulator.VERILATOR)


@pytest.mark.long
@pytest.mark.parametrize("case", [marked(case) for case in testbench.cases() if not case.long])
def test_on_icarus(case):
    assert_passes(case, Simulator.ICARUS)
