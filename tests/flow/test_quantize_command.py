"""`lastbit quantize` on the demo's float network, read by ONNX Runtime."""

from functools import cache

import numpy as np
import onnx
import onnxruntime
import pytest
from click.testing import CliRunner
from float_export import model_of, onnx_of
from onnx import helper

from flow.cli import main
from flow.demo_networks import LAYERS
from flow.digits import IMAGE_SHAPE, load_digits
from flow.network import Network
from flow.training import Schedule, train

METHODS = ["minmax", "moving-average", "percentile", "entropy", "mse"]


@cache
def trained():
    """The demo's float network after few epochs, as a model, and the digits for it."""
    data, held_out = load_digits()
    start = Network.random(LAYERS, IMAGE_SHAPE, seed=0)
    network = train(start, data, Schedule(epochs=4, learning_rate=5e-3))
    images = [np.ascontiguousarray(d.images.transpose(0, 3, 1, 2)) for d in (data, held_out)]
    return onnx_of(network), onnx_of(network, softmax=True), images, held_out.labels


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A folder with model.onnx, soft.onnx, 100 calibration images and the held-out ones."""
    monkeypatch.chdir(tmp_path)
    model, soft, (images, held_out), labels = trained()
    onnx.save(model, "model.onnx")
    onnx.save(soft, "soft.onnx")
    np.save("data.npy", images[:100])
    np.save("held.npy", held_out)
    np.save("labels.npy", labels)
    return tmp_path


def quantize(*arguments):
    return CliRunner().invoke(main, ["quantize", *arguments])


def run(*options, model="model.onnx"):
    return quantize(model, "--calibrate", "data.npy", *options)


def right_answers(path):
    """Of the held-out images, by ONNX Runtime on integers."""
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.qdqisint8allowed", "1")
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"input": np.load("held.npy")})
    return int(np.sum(found.argmax(axis=1) == np.load("labels.npy")))


def counted(output, what):
    line = next(line for line in output.splitlines() if line.startswith(what))
    return int(line.split(": ")[1].split()[0])


def check_accuracy(options, lost):
    """No more than `lost` of 360 images fewer than in float; as ONNX Runtime has it."""
    done = run("--validate", "held.npy", "--labels", "labels.npy", *options)
    assert done.exit_code == 0, done.output
    real, integer = counted(done.output, "float"), counted(done.output, "integers")
    assert real > 300
    assert integer >= real - lost
    assert right_answers("model_int8.onnx") == integer
    return done.output


@pytest.mark.long
@pytest.mark.parametrize("method", METHODS)
def test_every_method_keeps_the_accuracy(files, method):
    check_accuracy(["--method", method], lost=4)


@pytest.mark.parametrize(
    ("options", "lost"),
    [
        ("--scale power-of-two", 6),
        *(
            pytest.param(*rest, marks=pytest.mark.long)
            for rest in (
                ("--symmetric --scale power-of-two", 8),
                ("--per-tensor", 6),
                ("--activations uint8", 4),
                ("--weight-bits 4", 36),
            )
        ),
    ],
)
def test_every_option_keeps_the_accuracy(files, options, lost):
    check_accuracy(options.split(), lost)


def test_the_report_has_a_line_for_each_tensor(files):
    done = run("--validate", "held.npy", "--labels", "labels.npy", model="soft.onnx")
    assert done.exit_code == 0, done.output
    rows = [line.split() for line in done.output.splitlines()]
    found = {row[0]: row[1] for row in rows if len(row) >= 7}
    assert {name: found.get(name) for name in ("input", "convolution_1", "probabilities")} == {
        "input": "input", "convolution_1": "Conv", "probabilities": "Softmax",
    }  # fmt: skip
    size = (files / "soft_int8.onnx").stat().st_size
    assert f"soft_int8.onnx: {size:,} bytes" in done.output
    assert "the same answer as in float: 3" in done.output


def test_without_validation_data_the_report_is_of_the_calibration_data(files):
    done = run("--out", "q.onnx")
    assert done.exit_code == 0
    assert "of 100" in done.output
    assert "right" not in done.output


def test_the_same_files_give_the_same_bytes(files):
    for name in ("a.onnx", "b.onnx"):
        assert run("--out", name).exit_code == 0
    assert (files / "a.onnx").read_bytes() == (files / "b.onnx").read_bytes()


def npy(path, array):
    np.save(path, array)
    return ["model.onnx", "--calibrate", path]


IMAGES = np.zeros((4, 1, 8, 8), np.float32)
HOLED = IMAGES.copy()
HOLED[2, 0, 1, 3] = np.nan
BAD = {
    "no data": (lambda: ["model.onnx", "--calibrate", "none.npy"],
                "none.npy cannot be read: No such file or directory; check its name"),
    "no calibration": (lambda: ["model.onnx"], "Missing option '--calibrate'"),
    "no model": (lambda: ["none.onnx", "--calibrate", "data.npy"],
                 "none.onnx cannot be read: No such file or directory; check its name"),
    "no ONNX": (lambda: ["data.npy", "--calibrate", "data.npy"],
                "data.npy is not a sound ONNX model: "),
    "shape": (lambda: npy("bad.npy", IMAGES.transpose(0, 2, 3, 1)),
              "bad.npy has the shape 4x8x8x1, and the input input is samplesx1x8x8"),
    "one image": (lambda: npy("bad.npy", IMAGES[0]),
                  "bad.npy has the shape 1x8x8, and the input input is samplesx1x8x8"),
    "NaN": (lambda: npy("bad.npy", HOLED), "bad.npy holds nan at [2, 0, 1, 3]; give finite"),
    "empty": (lambda: npy("bad.npy", IMAGES[:0]), "bad.npy: no numbers in it"),
    "dtype": (lambda: npy("bad.npy", IMAGES.astype(np.uint8)),
              "bad.npy holds uint8, and the input input is float32; save values.astype"),
    "text": (lambda: ["model.onnx", "--calibrate", "data.csv"], "data.csv must be a .npy"),
    "labels": (lambda: [*npy("bad.npy", IMAGES), "--labels", "labels.npy"],
               "labels.npy has the shape 360, and there are 4 samples to label"),
    "label kind": (lambda: [*npy("bad.npy", IMAGES), "--labels", "bad.npy"],
                   "bad.npy holds float32; labels are integers"),
    "itself": (lambda: ["model.onnx", "--calibrate", "data.npy", "--out", "./model.onnx"],
               "--out model.onnx is the float model itself; give another name"),
    "percentile of minmax": (lambda: ["model.onnx", "--calibrate", "data.npy", "--percentile", "9"],
                             "--percentile is about --method percentile, not minmax"),
    "percentile": (lambda: ["model.onnx", "--calibrate", "data.npy", "--method", "percentile",
                            "--percentile", "101"], "percent must be above 0 and at most 100"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_told_in_a_sentence(files, case):
    arguments, sentence = BAD[case]
    done = quantize(*arguments())
    assert (done.exit_code, type(done.exception)) == (2, SystemExit)
    assert sentence in done.stderr
    assert not list(files.glob("*_int8.onnx"))
    assert not list(files.glob(".*"))


def test_a_quantized_model_is_refused(files):
    assert run().exit_code == 0
    done = run(model="model_int8.onnx")
    assert done.exit_code == 2
    assert "model_int8.onnx is quantized already: QuantizeLinear gives input_q" in done.stderr


def node(operator, *inputs, to, **attributes):
    return helper.make_node(operator, inputs, [to], f"the {operator.lower()}", **attributes)


def test_everything_unsupported_is_told_at_once(files):
    nodes = [
        node("Tanh", "input", to="a"),
        node("Conv", "a", "a", to="b"),
        node("BatchNormalization", "b", "one", "one", "one", "one", to="c"),
        node("Softmax", "c", to="d"),
        node("ReduceMean", "d", to="y", axes=[1]),
    ]
    model = model_of(nodes, {"one": np.ones(1, np.float32)}, ["n", 1, 8, 8], "y",
                     input_name="input")  # fmt: skip
    onnx.save(model, "odd.onnx")
    done = run(model="odd.onnx")
    assert done.exit_code == 2
    for part in (
        "not supported: Tanh (there is no such operator here) at the tanh",
        "Conv (its weights and its bias must be constants) at the conv",
        "BatchNormalization (only with constants, right behind a Conv or Gemm",
        "Softmax (only at the end of the model) at the softmax",
        "ReduceMean (only over height and width of an image) at the reducemean",
    ):
        assert part in done.stderr


def test_a_model_of_a_fixed_batch_takes_multiples_of_it(files):
    model = onnx.load("model.onnx")
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 30
    onnx.save(model, "fixed.onnx")
    done = run(model="fixed.onnx")
    assert "data.npy holds 100 samples, and the model takes 30 at a time" in done.stderr
    assert "leave it out" in run("--batch", "7", model="fixed.onnx").stderr
    np.save("data.npy", np.load("data.npy")[:60])
    assert run(model="fixed.onnx").exit_code == 0


@pytest.mark.parametrize("cut", range(0, 9000, 1300))
def test_a_cut_model_is_no_model(files, cut):
    whole = (files / "model.onnx").read_bytes()
    (files / "cut.onnx").write_bytes(whole[:cut])
    done = run(model="cut.onnx")
    assert cut < len(whole)
    assert (done.exit_code, type(done.exception)) == (2, SystemExit)
    assert done.stderr.startswith("lastbit: cut.onnx")
    assert done.stderr.count("\n") == 1
