import pytest

from sim import testbench
from sim.results import Failure, RunResult
from sim.simulator import Simulator
from sim.testbench import Case


def test_names_are_unique_and_need_no_quotes():
    names = [case.name for case in testbench.cases()]
    assert len(set(names)) == len(names)
    assert not [name for name in names if set(name) & set(" '\"[]()$&;*?")]


@pytest.mark.parametrize("name", testbench.testbenches())
def test_every_testbench_runs_every_day(name):
    assert testbench.testbenches()[name].everyday


def test_a_report_has_the_message_the_seed_and_the_command():
    case = Case("skew", {"lanes": 3, "schemes": ["FIXED", "SHIFT"]}, long=False)
    result = RunResult((), (Failure("lanes", "lane 2 is late"),), 10, 0.1, 0.0, seed=7)
    assert testbench.report(case, result, Simulator.ICARUS) == (
        "skew:lanes=3,schemes=FIXED+SHIFT: lanes: lane 2 is late\n"
        "repeat with: lastbit simulate skew:lanes=3,schemes=FIXED+SHIFT --simulator icarus --seed 7"
    )
