"""Which .onnx files are refused as broken or as another kind, in which words."""

import tracemalloc

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from onnx_builder import Form
from onnx_refusals import INT8, KERNEL, builder, refusal


def conv(form=Form.QDQ, change=lambda model: None, **attributes):
    b, x = builder(form)
    data = b.model(b.conv(x, KERNEL, np.float32(0.01), INT8, **attributes))
    model = onnx.load_from_string(data)
    change(model)
    return model.SerializeToString()


def drop(field, index=0):
    return lambda model: getattr(model.graph, field).__delitem__(index)


def first_tensor(model, kind):
    return next(t for t in model.graph.initializer if t.data_type == kind)


def set_scale(value):
    def change(model):
        first_tensor(model, TensorProto.FLOAT).raw_data = np.float32(value).tobytes()

    return change


def set_dims(*dims):
    def change(model):
        tensor = next(t for t in model.graph.initializer if t.name.startswith("weights"))
        tensor.dims[:] = dims

    return change


def outside(model):
    tensor = model.graph.initializer[0]
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")


def circle(model):
    quantize = model.graph.node[-1]
    model.graph.node[0].input[0] = quantize.output[0]


def opset(version):
    return lambda model: setattr(model.opset_import[0], "version", version)


def nested(depth):
    graph = b""
    for _ in range(depth):  # field 6 of an attribute is a graph, 5 of a node an attribute
        for field in (6, 5, 1):
            size = len(graph)
            length = b""
            while size > 127:
                length, size = length + bytes([size & 127 | 128]), size >> 7
            graph = bytes([field << 3 | 2]) + length + bytes([size]) + graph
    return graph


MALFORMED = {
    "no input": (drop("input"), "reads x, which is nowhere"),
    "no constant": (drop("initializer"), "which is nowhere"),
    "no writer": (
        lambda model: setattr(model.graph.output[0], "name", "z"), "no node writes its output z"),
    "no output": (drop("output"), "it has no output"),
    "a node twice": (
        lambda model: model.graph.node.append(model.graph.node[0]), "which is there already"),
    "a constant twice": (
        lambda model: model.graph.initializer.append(model.graph.initializer[0]),
        "two constants are named"),
    "a circle": (circle, "waits, directly or not, for what it writes itself"),
    "scale nan": (set_scale(np.nan), "must be finite and above 0, not nan"),
    "scale inf": (set_scale(np.inf), "must be finite and above 0, not inf"),
    "scale 0": (set_scale(0), "must be finite and above 0, not 0.0"),
    "scale negative": (set_scale(-1), "must be finite and above 0, not -1.0"),
    "absurd dims": (set_dims(1 << 40, 1 << 40), "must have at most 268435456 elements"),
    "negative dims": (set_dims(-4, 4, 3, 3), "must have at most 268435456 elements, not a shape"),
    "many dims": (set_dims(*[1] * 1000), "must have at most 8 dimensions, not 1000"),
    "short data": (set_dims(4, 4, 3, 4), "must have 192 bytes, not 144"),
    "two domains": (
        lambda model: model.opset_import.add(domain="ai.onnx", version=9),
        "it must say one version of the standard operators"),
}  # fmt: skip


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("case", MALFORMED)
def test_a_file_that_does_not_hold_together_is_refused(case, form):
    change, words = MALFORMED[case]
    sentence = refusal(conv(form, change))
    assert sentence.startswith("it is not a whole ONNX model: ")
    assert words in sentence


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "it has no graph with nodes"),
        (b"not a model", "its bytes do not read as one; is it cut off?"),
        (conv()[:-5], "its bytes do not read as one; is it cut off?"),
        (b"\x3a" + bytes([0xFF, 0x7F]), "its bytes do not read as one"),
    ],
)
def test_bytes_that_are_no_model_are_refused(data, words):
    assert refusal(data).startswith(f"it is not a whole ONNX model: {words}")


def test_deep_nesting_is_refused():
    graph = nested(4000)
    size, length = len(graph), b""
    while size > 127:
        length, size = length + bytes([size & 127 | 128]), size >> 7
    data = b"\x3a" + length + bytes([size]) + graph
    assert refusal(data).startswith("it is not a whole ONNX model: ")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (opset(9), "its operator set must be from 10 to 28, not 9; "),
        (opset(99), "its operator set must be from 10 to 28, not 99; "),
        (outside, "lies outside of the file; save the model as one file"),
    ],
)
def test_other_kinds_of_files_are_refused(change, sentence):
    assert sentence in refusal(conv(change=change))


def test_open_lengths_but_the_batch_are_named():
    b, x = builder(shape=("N", 4, "height", "width"))
    sentence = refusal(b.model(b.conv(x, KERNEL, np.float32(0.01), INT8)))
    assert sentence == (
        "input x must have lengths that are numbers, but for the batch, not height, width; set "
        "them and save the model"
    )


def test_an_output_must_be_what_the_file_says():
    def change(model):
        model.graph.output[0].CopyFrom(
            helper.make_tensor_value_info(
                model.graph.output[0].name, TensorProto.INT8, (1, 4, 6, 7)
            )
        )

    assert "is said to be int8 of shape (1, 4, 6, 7), and it is int8 of (1, 4, 6, 6)" in refusal(
        conv(change=change)
    )


def test_constants_that_grow_by_themselves_are_refused_before_they_are_made():
    b, x = builder()
    name = b.constant(np.arange(2, dtype=np.int64))
    for _ in range(21):  # 32 MiB if it were made
        name = b.node("Concat", [name, name], axis=0)
    data = b.model(b.quantize(b.node("Reshape", [b.dequantize(x), name]), INT8))
    tracemalloc.start()
    sentence = refusal(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sentence.endswith("its constants grow too much when they are computed")
    assert peak < 16 << 20


def test_one_constant_that_many_nodes_copy_is_refused():
    b, x = builder(shape=(1, 4, 8, 8))
    real = b.constant(np.ones((64, 4, 3, 3), np.float32))
    for _ in range(400):
        b.quantize(real, INT8)
    data = b.model(b.conv(x, KERNEL, np.float32(0.01), INT8))
    assert refusal(data).endswith("its constants grow too much when they are computed")
