"""Float models as files: what is read, what is refused, and hostile ones."""

from collections import Counter

import numpy as np
import onnx
import pytest
from float_export import model_of
from onnx import helper

from flow.errors import UserError
from flow.onnx_float import float_model, run_model
from flow.onnx_float_check import check_supported
from flow.onnx_float_reader import read_float_graph
from flow.onnx_folding import fold
from flow.quantization_job import QuantizationSettings, quantize_float_graph
from flow.quantization_report import measure

RNG = np.random.default_rng(6)
X = RNG.standard_normal((5, 2, 4, 4)).astype(np.float32)
CONSTANTS = {
    "w": RNG.standard_normal((3, 2, 3, 3)).astype(np.float32),
    "b": RNG.standard_normal(3).astype(np.float32),
    "fc": RNG.standard_normal((12, 4)).astype(np.float32),
}


def node(operator, *inputs, to, **attributes):
    return helper.make_node(operator, inputs, [to], to, **attributes)


def small(shape=("n", 2, 4, 4), opset=17):
    nodes = [
        node("Conv", "x", "w", "b", to="c", pads=[1, 1, 1, 1]),
        node("Relu", "c", to="r"),
        node("MaxPool", "r", to="p", kernel_shape=[2, 2], strides=[2, 2]),
        node("Flatten", "p", to="f"),
        node("MatMul", "f", "fc", to="y"),
    ]
    return model_of(nodes, CONSTANTS, shape, "y", opset=opset)


def read(folder, model):
    onnx.save(model, folder / "m.onnx")
    return read_float_graph(folder / "m.onnx")


def two_inputs(model):
    model.graph.input.append(helper.make_tensor_value_info("z", 1, [1]))


def without(name):
    def change(model):
        kept = [t for t in model.graph.initializer if t.name != name]
        del model.graph.initializer[:]
        model.graph.initializer.extend(kept)

    return change


def nan_weights(model):
    bad = CONSTANTS["w"].copy()
    bad[1, 1, 0, 2] = np.nan
    tensor = next(t for t in model.graph.initializer if t.name == "w")
    tensor.raw_data = bad.tobytes()


def double_input(model):
    model.graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.DOUBLE


def open_height(model):
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_param = "height"


def cut_weights(model):
    next(t for t in model.graph.initializer if t.name == "w").raw_data = b"1234"


def huge_pad(model):
    model.graph.node[0].attribute[0].ints[2] = 1 << 30


REFUSED = {
    two_inputs: "must have one input, not 2: x, z",
    nan_weights: "the constant w holds NaN; export the model again",
    double_input: "m.onnx: the input x must be a float32 tensor with a shape",
    open_height: "must have fixed dimensions behind the batch, not anyx2xanyx4; export",
    cut_weights: "m.onnx is not a sound ONNX model: ",
    huge_pad: "tensor c has 12,884,901,924 values; at most 268,435,456",
}


@pytest.mark.parametrize("change", REFUSED, ids=lambda change: change.__name__)
def test_what_is_no_float_model_is_refused(change, tmp_path):
    model = small()
    change(model)
    with pytest.raises(UserError) as caught:
        read(tmp_path, model)
    assert REFUSED[change] in str(caught.value)


def test_a_missing_constant_is_an_input_too_many(tmp_path):
    model = small()
    without("b")(model)
    with pytest.raises(UserError, match="is not a sound ONNX model: Nodes in a graph"):
        read(tmp_path, model)


def test_a_name_that_is_no_text_is_refused(tmp_path):
    model = small()
    model.graph.node[0].name = "noname"
    path = tmp_path / "m.onnx"
    path.write_bytes(model.SerializeToString().replace(b"noname", b"no\xffame"))
    with pytest.raises(UserError, match="a name is not text in UTF-8"):
        read_float_graph(path)


def test_an_old_operator_set_is_converted(tmp_path):
    graph = read(tmp_path, small(opset=9))
    assert graph.opset == 13
    new = read(tmp_path, small())
    for old_found, found in zip(*(run_model(float_model(g, ["y"]), X, 2) for g in (graph, new)),
                                strict=True):  # fmt: skip
        np.testing.assert_array_equal(old_found["y"], found["y"])


def test_a_model_is_run_batch_by_batch(tmp_path):
    model = float_model(read(tmp_path, small()), ["c", "y"])
    found = list(run_model(model, X, 2))
    assert [len(tensors["y"]) for tensors in found] == [2, 2, 1]
    (whole,) = run_model(model, X, 5)
    for name in ("c", "y"):
        parts = np.concatenate([tensors[name] for tensors in found])
        np.testing.assert_allclose(parts, whole[name], rtol=1e-5, atol=1e-6)


OPERATORS = ["Add", "AveragePool", "BatchNormalization", "Clip", "Concat", "Constant", "Conv",
             "Dropout", "Flatten", "Gemm", "GlobalAveragePool", "Identity", "MatMul", "MaxPool",
             "Pad", "ReduceMean", "Relu", "Reshape", "Softmax"]  # fmt: skip
NUMBERS = [-1, 0, 2, 3, 100, 10**6, 2**62]
ATTRIBUTES = ["axis", "axes", "keepdims", "transA", "transB", "alpha", "pads", "group", "mode"]


def mutate(rng, model):
    """Change one thing of a model that a file can say."""

    def pick(values):
        return values[int(rng.integers(len(values)))]

    graph = model.graph
    chosen, tensor = pick(graph.node), pick(graph.initializer)
    names = [name for n in graph.node for name in (*n.input, *n.output)]
    match int(rng.integers(8)) if chosen.input else 7:
        case 0:
            chosen.op_type = pick(OPERATORS)
        case 1:
            chosen.input[int(rng.integers(len(chosen.input)))] = pick([*names, ""])
        case 2 if chosen.attribute:
            attribute = pick(chosen.attribute)
            if attribute.ints:
                attribute.ints[int(rng.integers(len(attribute.ints)))] = pick(NUMBERS)
            else:
                chosen.attribute.remove(attribute)
        case 3:
            del chosen.input[int(rng.integers(len(chosen.input)))]
        case 4:
            tensor.dims[int(rng.integers(len(tensor.dims)))] = pick([0, 1, 2, 7, 2**40, -1])
        case 5:
            tensor.data_type = int(rng.integers(23))
        case 6:
            value = pick([3, 0.5, "x", [1, 2], [2, 3], 1])
            chosen.attribute.append(helper.make_attribute(pick(ATTRIBUTES), value))
        case _:
            chosen.output[0] = pick(names)


def scrambled(rng, data):
    data = bytearray(data)
    for _ in range(int(rng.integers(1, 4))):
        data[int(rng.integers(len(data)))] = int(rng.integers(256))
    return bytes(data)


def outcome(path):
    """What becomes of a file: quantized and measured, or the beginning of a sentence."""
    try:
        graph = fold(read_float_graph(path))
        check_supported(graph)
        x = np.ones((graph.shape[0] or 4, *graph.shape[1:]), np.float32)
        made = quantize_float_graph(graph, x, QuantizationSettings(), batch=len(x))
        measure(graph, made, x, len(x))
    except UserError as error:
        return "a line" if "\n" in str(error) else "refused"
    return "quantized"


@pytest.mark.parametrize("rounds", [20, pytest.param(500, marks=pytest.mark.long)])
def test_a_mutated_file_is_quantized_or_refused_in_a_sentence(rounds, tmp_path):
    rng = np.random.default_rng(rounds)
    found = Counter()
    for round_number in range(rounds):
        model = small()
        for _ in range(int(rng.integers(1, 3))):
            mutate(rng, model)
        data = model.SerializeToString()
        path = tmp_path / f"{round_number}.onnx"
        path.write_bytes(scrambled(rng, data) if round_number % 4 == 0 else data)
        found[outcome(path)] += 1
    assert not found["a line"]
    assert found["refused"] > rounds / 4
    assert found["quantized"] > rounds / 50
