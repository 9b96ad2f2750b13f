"""Every testbench on Verilator, one configuration of each every day; Icarus where it is quick."""

import pytest

from sim import testbench
from sim.simulator import Simulator

SEED = 1
# They have configurations that are components of their own.
KINDS = ("kind", "direction")


def everyday(cases):
    """The first quick configuration of each testbench and kind; the compiler takes seconds each."""
    first = {}
    for case in cases:
        if not case.long:
            kinds = (case.parameters.get(kind) for kind in KINDS)
            first.setdefault((case.testbench, *kinds), case.name)
    return set(first.values())


EVERYDAY = everyday(testbench.cases())


def marked(case):
    marks = [] if case.name in EVERYDAY else [pytest.mark.long]
    return pytest.param(case, id=case.name, marks=marks)


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
