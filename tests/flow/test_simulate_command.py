import pytest
from click.testing import CliRunner

from flow.cli import main
from sim import testbench
from sim.errors import SimulationError
from sim.results import Failure, RunResult
from sim.simulator import Simulator

WIDE = "stream_buffer:bits=96"
SKEW = "skew:direction=skew,lanes=3,bits=8"


def simulate(*arguments):
    return CliRunner().invoke(main, ["simulate", *arguments])


def test_a_testbench_runs_and_is_summed_up():
    result = simulate(SKEW, "--seed", "3")
    assert result.exit_code == 0, result.output
    assert "1 configurations on verilator, seed 3" in result.output
    assert "direction=skew,lanes=3,bits=8" in result.output
    assert "passed" in result.output


def test_the_list_names_every_case():
    lines = simulate("--list").output.splitlines()
    assert [line.split()[0] for line in lines] == [case.name for case in testbench.cases()]


@pytest.mark.parametrize(
    ("arguments", "chosen"),
    [
        ((), [case.name for case in testbench.cases() if not case.long]),
        (("--all",), [case.name for case in testbench.cases()]),
        (
            ("stream_buffer",),
            [
                f"stream_buffer:bits=8{options}"
                for options in ("", ",in_memory=True", ",at_output=True", ",queue=8")
            ],
        ),
        ((WIDE, SKEW), [WIDE, SKEW]),
        ((SKEW, SKEW), [SKEW]),
    ],
)
def test_what_is_named_is_run(monkeypatch, arguments, chosen):
    ran = []

    def run_case(case, **_):
        ran.append(case.name)
        return RunResult(("a",), (), 1, 0.1, 0.0, seed=1)

    monkeypatch.setattr(testbench, "run_case", run_case)
    assert simulate(*arguments, "--jobs", "1").exit_code == 0
    assert ran == chosen


@pytest.mark.parametrize(
    ("outcome", "sentence"),
    [
        (RunResult((), (Failure("t", "lane 2"),), 1, 0.1, 0.0, seed=3), "t: lane 2"),
        (SimulationError("it crashed"), "it crashed"),
    ],
)
def test_a_failure_ends_with_1_and_tells_how_to_repeat_it(monkeypatch, outcome, sentence):
    def run_case(case, **_):
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(testbench, "run_case", run_case)
    result = simulate(SKEW, "--seed", "3")
    assert result.exit_code == 1
    assert sentence in result.output
    assert f"repeat with: lastbit simulate {SKEW} --seed 3" in result.output
    assert "1 of 1 configurations failed" in result.output


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("skw",), "lastbit: there is no testbench 'skw'; the testbenches are accelerator, "),
        (("stream_buffer:x",), "lastbit: testbench stream_buffer has no configuration "),
        (("--seed", "-1"), "-1 is not in the range"),
        (("--simulator", "vcs"), "'vcs' is not one of 'verilator', 'icarus'"),
    ],
)
def test_bad_input_ends_with_2(arguments, sentence):
    result = simulate(*arguments)
    assert result.exit_code == 2
    assert sentence in result.stderr


def test_a_missing_simulator_ends_with_2(monkeypatch):
    monkeypatch.setattr(Simulator, "missing", lambda self: "icarus is not installed")
    result = simulate(SKEW, "--simulator", "icarus")
    assert result.exit_code == 2
    assert result.stderr == "lastbit: icarus is not installed\n"
