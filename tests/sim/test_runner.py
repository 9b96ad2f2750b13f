import re

import pytest

from sim import verilator
from sim.errors import SimulationError
from sim.simulator import Simulator


def test_passed_and_failed_tests_are_told_apart(run_link):
    result = run_link("passes", "only_ports_are_visible", "draws")
    assert result.passed == ("passes", "only_ports_are_visible")
    assert [failure.name for failure in result.failures] == ["draws"]
    assert not result.ok
    assert result.seed == 1


def test_cycles_are_counted(run_link):
    # Two edges of the reset come first, and the first of them at time 0.
    assert run_link("waits_100_cycles").cycles == 101


def test_the_seed_alone_decides_what_is_drawn(run_link):
    first, again, other = (run_link("draws", seed=seed).failures for seed in (5, 5, 6))
    assert re.search(r"drew \d+", first[0].message)
    assert first == again
    assert first != other


def test_a_test_draws_alone_what_it_draws_among_others(run_link):
    alone = run_link("draws").failures
    assert alone == run_link("passes", "draws").failures


def test_parameters_reach_the_coroutines(run_link):
    assert run_link("passes").ok
    assert not run_link("passes", parameters={"fault": 4}).ok


def test_the_same_text_is_built_once(run_link, monkeypatch):
    assert run_link("passes").ok

    def build_again(*arguments, **_):
        raise AssertionError(f"built again: {arguments}")

    monkeypatch.setattr(verilator, "checked", build_again)
    assert run_link("passes").ok


def test_another_text_is_built_again(run_link, monkeypatch, tmp_path):
    text = "module link(input clk); endmodule\n"
    monkeypatch.setattr(verilator, "_build_runtime", lambda *_: tmp_path)
    with pytest.raises(SimulationError, match="compiler refuses"):
        run_link("passes", verilog=text, build_root=tmp_path)
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]


@pytest.mark.parametrize(
    ("verilog", "sentence"),
    [
        (
            "module link(input clk) endmodule",
            r"^Verilator refuses link: exit status 1\n(?s:.*)syntax",
        ),
        (
            "module link(input [7:0] a, output [3:0] b);\nassign b = a;\nendmodule",
            r"(?s)^Verilator refuses link: .*WIDTHTRUNC",
        ),
    ],
)
def test_a_text_with_a_mistake_is_refused(run_link, verilog, sentence):
    with pytest.raises(SimulationError, match=sentence):
        run_link("passes", verilog=verilog)


def test_a_missing_module_is_named(run_link):
    with pytest.raises(ValueError, match=r"^the Verilog text must hold module link, and does not"):
        run_link("passes", verilog="module other(); endmodule")


def test_a_crash_tells_the_seed_and_where_the_log_is(run_link):
    sentence = r"^link in verilator ended with exit status -11 in the middle \(seed 9\); its log, "
    with pytest.raises(SimulationError, match=sentence):
        run_link("crashes", seed=9)


def test_a_simulation_that_does_not_end_is_killed(run_link):
    with pytest.raises(
        SimulationError, match=r"^link in verilator took too long and was stopped \(seed 1\)"
    ):
        run_link("hangs", timeout=1.5)


def test_a_run_without_tests_is_no_success(run_link):
    with pytest.raises(SimulationError, match=r"^link in verilator ran no test \(seed 1\)"):
        run_link("no_such_test")


@pytest.mark.parametrize(
    "simulator", [Simulator.ICARUS, pytest.param(Simulator.VERILATOR, marks=pytest.mark.long)]
)
def test_waves_hold_the_signals(run_link, tmp_path, simulator):
    waves = tmp_path / "folder" / "link.vcd"
    assert run_link("passes", simulator=simulator, waves=waves).ok
    assert "hidden" in waves.read_text()


@pytest.mark.parametrize(
    ("simulator", "gone", "sentence"),
    [
        (Simulator.ICARUS, "iverilog", "icarus is not installed; get it with `apt-get install"),
        (Simulator.VERILATOR, "g++", r"verilator needs a C\+\+ compiler, g\+\+; get it with"),
    ],
)
def test_a_missing_tool_is_named_with_the_way_to_get_it(monkeypatch, simulator, gone, sentence):
    monkeypatch.setattr("shutil.which", lambda name: None if name == gone else f"/bin/{name}")
    assert re.match(sentence, simulator.missing())
