"""`lastbit run` with deployed models: what it compares, says and refuses."""

import os
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from deployed_networks import onnx_network, padded_network
from onnx_builder import Form

from flow import model_run, model_runtime
from flow.cli import main
from flow.graph_file import save_graph
from flow.job import Level
from flow.model_file import load_model
from flow.model_inputs import draw_model_inputs, read_model_inputs
from flow.model_run import Target, images_per_program, run_model
from flow.model_runtime import Runtime, run_runtime
from flow.program_machine import GoldenMachine
from flow.random_graphs import random_graph
from golden.kernels.kernel_set import evaluate
from golden.kernels.registry import KernelSets
from hw.config import EngineConfig
from sim.simulator import Simulator

ARRAY = ["--rows", "3", "--cols", "4", "--depth", "32"]
ENGINE = EngineConfig(rows=3, cols=4, depth=32, statistics=True)

SHARED = "LASTBIT_MODELS"
MODELS = {
    "ad01_int8.tflite": "ad01_inputs.npy",
    "kws_ref_model.tflite": "kws_inputs.npy",
    "pretrainedResnet_large_int8.tflite": None,
}
"""Deployed models with their inputs; without a file these are drawn."""

ONE_CONFIGURATION = {
    "activation_bytes": 1 << 19,
    "weight_words": 1 << 17,
    "parameter_words": 1 << 11,
    "program_words": 1 << 12,
}
"""Memories that are large enough for each of them."""


@pytest.fixture(params=["padded.tflite", "network.onnx"])
def saved(request, tmp_path):
    """A model and three images in files; the arguments that name them, and the model."""
    return save(tmp_path, request.param)


def save(folder, name, images=3):
    onnx = onnx_network(Form.QDQ, np.uint8)
    path = folder / name
    path.write_bytes(padded_network() if path.suffix == ".tflite" else onnx)
    model = load_model(path)
    np.save(folder / "x.npy", draw_model_inputs(model, 4, images)["x"])
    return [str(path), "--input", str(folder / "x.npy")], model


def lastbit(*arguments):
    return CliRunner().invoke(main, ["run", *arguments])


def test_every_tensor_is_compared_with_golden_and_the_runtime(saved, tmp_path):
    arguments, model = saved
    out = tmp_path / "out"
    result = lastbit(*arguments, "--on", "golden", *ARRAY, "--out", str(out), "--runtime")
    assert result.exit_code == 0, result.output
    written = [name for name in model.activations if name != "padded"]
    for name in written:
        assert re.search(rf"^ *{name} .* 0 .* 0 ", result.output, re.MULTILINE), name
    elements = 3 * sum(model.tensors[name].size for name in written)
    line = rf"{elements:,} elements compared, 0 differ; {elements:,} with the runtime, 0 differ"
    assert re.search(line, result.output)
    assert re.search(r"[1-9][\d,]* cycles, .* of the array used; .* ms at 100 MHz", result.output)
    expected = evaluate(model, {"x": np.load(tmp_path / "x.npy")}, default_kernels(arguments[0]))
    assert len(list(out.iterdir())) == len(written)
    for name in written:
        np.testing.assert_array_equal(np.load(out / f"{name}.npy"), expected[name])


def default_kernels(path):
    return Runtime.of(Path(path)).kernels[0].kernels


def test_what_stays_on_the_host_is_named(tmp_path):
    arguments, _ = save(tmp_path, "network.onnx")
    result = lastbit(*arguments, "--on", "golden", *ARRAY, "--no-runtime")
    assert "because the accelerator has no softmax" in result.output
    assert "with the runtime" not in result.output
    arguments, _ = save(tmp_path, "padded.tflite")
    result = lastbit(*arguments, "--on", "golden", *ARRAY, "--no-runtime")
    assert "padding padded is done by convolved" in result.output
    assert "on the host" not in result.output


def test_a_difference_in_hardware_is_found_and_goes_on(tmp_path, monkeypatch):
    arguments, _ = save(tmp_path, "padded.tflite")
    whole = GoldenMachine.run

    def wrong(self, inputs):
        run = whole(self, inputs)
        run.tensors["mean"].flat[2] ^= 64
        return run

    monkeypatch.setattr(GoldenMachine, "run", wrong)
    result = lastbit(*arguments, "--on", "golden", *ARRAY)
    assert result.exit_code == 1
    assert re.search(r"^ *mean .* 15 +1 +0 ", result.output, re.MULTILINE)
    assert re.search(r"^ *flat .* 15 +1 +0 ", result.output, re.MULTILINE)
    assert "mean: 1 of 15 elements differ" in result.output


def test_a_difference_from_the_runtime_is_found(tmp_path, monkeypatch):
    arguments, _ = save(tmp_path, "padded.tflite")
    whole = model_runtime.run_runtime

    def wrong(*given):
        values = whole(*given)
        values["convolved"].flat[:2] ^= 1
        return values

    monkeypatch.setattr(model_runtime, "run_runtime", wrong)
    result = lastbit(*arguments, "--on", "golden", *ARRAY)
    assert result.exit_code == 1
    assert re.search(r"^ *convolved .* 90 +0 +2 ", result.output, re.MULTILINE)
    assert "convolved, runtime as expected: 2 of 90 elements differ" in result.output


def test_a_counter_that_differs_is_found(tmp_path, monkeypatch):
    arguments, _ = save(tmp_path, "padded.tflite")
    whole = model_run.run_program_job

    def wrong(program, inputs, level, **more):
        result = whole(program, inputs, Level.GOLDEN)
        if level is Level.VERILATOR:
            result.counters.ties += 1
        return result

    monkeypatch.setattr(model_run, "run_program_job", wrong)
    result = lastbit(*arguments, *ARRAY)
    assert result.exit_code == 1
    assert "0 differ" in result.output
    assert re.search(r"golden counted Counters\(passes=[1-9]", result.output)


def test_without_its_runtime_a_model_runs_and_says_so(tmp_path, monkeypatch):
    arguments, _ = save(tmp_path, "padded.tflite")
    monkeypatch.setattr(model_runtime.importlib.util, "find_spec", lambda name: None)
    sentence = "ai-edge-litert is not installed (`pip install ai-edge-litert`)"
    result = lastbit(*arguments, "--on", "golden", *ARRAY)
    assert result.exit_code == 0
    assert f"not compared with the runtime: {sentence}" in result.output
    result = lastbit(*arguments, "--on", "golden", *ARRAY, "--runtime")
    assert (result.exit_code, result.output) == (2, f"lastbit: {sentence}\n")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (["--kernels", "fast"], "--kernels: .*fast"),
        (["--kernels", "litert_ref"], "kernel set litert_ref does not scale its sums in float32"),
        (["--kernels", "onnxruntime", "--runtime"], "no runtime computes padded.tflite by the ker"),
        (["--clock", "0"], "--clock must be above 0 MHz, not 0"),
        (["--batch", "0"], "--batch must be at least 1, not 0"),
        (["--batch", "2"], "batch must divide the 3 images, not be 2"),
        (["--weight-words", "4"], "weight_words, and the network needs weight_words=[0-9]+"),
        (["--input", "y=x.npy"], "--input y=x.npy must be NAME=FILE, NAME one of x"),
    ],
)
def test_bad_input_is_one_sentence(tmp_path, given, sentence):
    arguments, _ = save(tmp_path, "padded.tflite")
    result = lastbit(*arguments, "--on", "golden", *ARRAY, *given)
    assert result.exit_code == 2
    assert re.search(sentence, result.output)
    assert len(result.output.splitlines()) == 1


@pytest.mark.parametrize("option", [["--kernels", "litert"], ["--no-runtime"], ["--batch", "1"]])
def test_options_of_models_are_refused_for_networks(tmp_path, option):
    path = tmp_path / "network.npz"
    save_graph(path, random_graph(np.random.default_rng(1)))
    result = lastbit(str(path), "--input", "x.npy", *option)
    assert result.exit_code == 2
    assert "is for .tflite and .onnx models, and" in result.output


def test_memories_are_chosen_unless_they_are_given(tmp_path):
    arguments, _ = save(tmp_path, "padded.tflite")
    result = lastbit(*arguments, "--on", "golden", *ARRAY, "--weight-words", "5000")
    assert "65,536 bytes of activations, words: 5,000 of weights, 1,024 of par" in result.output


@pytest.mark.parametrize(("images", "each"), [(1, 1), (7, 7), (12, 12), (40, 40)])
def test_small_images_are_taken_together(tmp_path, images, each):
    _, model = save(tmp_path, "padded.tflite")
    assert images_per_program(model, images) == each


def test_large_images_are_taken_apart(tmp_path, monkeypatch):
    _, model = save(tmp_path, "padded.tflite")
    elements = sum(model.tensors[name].size for name in ("x", *model.activations))
    monkeypatch.setattr(model_run, "BATCH_BYTES", 5 * elements)
    assert [images_per_program(model, images) for images in (4, 6, 7, 10)] == [4, 3, 1, 5]


def test_programs_of_some_images_make_all_images(tmp_path):
    _, model = save(tmp_path, "padded.tflite")
    inputs = draw_model_inputs(model, 2, 6)
    kernels = KernelSets.LITERT.kernels
    runs = [
        run_model(model, inputs, kernels, Target(ENGINE, Level.GOLDEN, batch=batch))
        for batch in (1, 3, 6)
    ]
    assert all(run.equal for run in runs)
    assert [run.hardware[0].runs for run in runs] == [6, 2, 1]
    assert len({tuple(t.golden.total for t in run.tensors) for run in runs}) == 1
    assert len({sum(h.products for h in run.hardware) for run in runs}) == 1


@pytest.mark.long
@pytest.mark.parametrize("simulator", list(Simulator))
def test_all_tensors_equal_in_verilog(tmp_path, simulator):
    if (missing := simulator.missing()) is not None:
        pytest.skip(missing)
    name = "network.onnx" if simulator is Simulator.VERILATOR else "padded.tflite"
    arguments, _ = save(tmp_path, name, images=1)
    level = "rtl" if simulator is Simulator.VERILATOR else simulator.value
    result = lastbit(*arguments, "--on", level, *ARRAY)
    assert result.exit_code == 0, result.output
    assert re.search("elements compared, 0 differ; .* with the runtime, 0 differ", result.output)


def shared(name):
    """A shared model, its path and its inputs."""
    if SHARED not in os.environ:
        pytest.skip(f"{SHARED} must name the folder of {name}")
    folder = Path(os.environ[SHARED])
    model = load_model(folder / name)
    if MODELS[name] is None:
        return model, folder / name, draw_model_inputs(model, 1)
    files = [str(folder / MODELS[name])]
    return model, folder / name, read_model_inputs(model, files, KernelSets.LITERT.kernels)


@pytest.mark.long
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(
    ("rows", "level"), [(8, Level.VERILATOR), (16, Level.GOLDEN)], ids=["8 rtl", "16 golden"]
)
def test_a_shared_model_is_equal_to_the_last_bit(name, rows, level):
    model, path, inputs = shared(name)
    if level is Level.VERILATOR and (missing := Simulator.VERILATOR.missing()) is not None:
        pytest.skip(missing)
    kernels = KernelSets.LITERT
    engine = EngineConfig(rows=rows, cols=rows, statistics=True)
    run = run_model(
        model,
        inputs,
        kernels.kernels,
        Target(engine, level, ONE_CONFIGURATION),
        runtime=run_runtime(path, model, inputs, kernels),
    )
    assert run.equal
    assert all(tensor.golden and tensor.runtime for tensor in run.tensors)
    assert {type(step.node.operator).__name__ for step in run.partition.host} <= {"Softmax"}
    if name.startswith("ad01"):
        assert (run.images, run.batch, len(run.hardware)) == (40, 40, 1)
