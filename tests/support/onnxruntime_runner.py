"""Runs ONNX models in ONNX Runtime and reads every integer tensor, and one node in golden."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import helper

from golden.kernels.kernel_set import evaluate
from golden.kernels.onnxruntime import ONNXRUNTIME
from golden.model import Layout, Model, Node, QuantizationParameters, Tensor

EDGES = (-128, -127, -1, 0, 1, 126, 127)


@dataclass(frozen=True)
class Run:
    """What a session computed, and the operators it had left to run."""

    tensors: dict
    operators: list


def run(data, inputs, names):
    """Run a model; `names` maps the tensors to read to their types.

    They become outputs of the graph. The operators are those of the optimized graph: they show what
    was joined with the quantization around it.
    """
    model = onnx.load_from_string(data)
    del model.graph.output[:]
    for name, dtype in names.items():
        kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        model.graph.output.append(helper.make_tensor_value_info(name, kind, None))
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.qdqisint8allowed", "1")
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "optimized.onnx"
        options.optimized_model_filepath = str(path)
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        operators = [node.op_type for node in onnx.load(path).graph.node]
    results = session.run(list(names), inputs)
    return Run(dict(zip(names, results, strict=True)), operators)


def check(builder, output, inputs, expected, operator):
    """Compare the output of a builder's model, which must run `operator`, with golden's."""
    name = output.name
    ran = run(builder.model(output), inputs, {name: output.numbers.dtype})
    assert operator in ran.operators, ran.operators
    actual = ran.tensors[name]
    assert (actual.shape, actual.dtype) == (expected.shape, expected.dtype)
    different = np.argwhere(actual != expected)
    assert not len(different), (
        f"{len(different)} of {expected.size} differ, the first at {different[0]}: golden has "
        f"{expected[tuple(different[0])]}, ONNX Runtime {actual[tuple(different[0])]}"
    )


def golden(operator, inputs, out, shape, kernels=ONNXRUNTIME):
    """One node by the kernel set.

    Inputs are (array, Numbers), (array, scales, zero points) of weights, or an array; `out` the
    Numbers of the output, or None for float32.
    """
    tensors, values = {}, {}
    for index, given in enumerate(inputs):
        array, *quantization = given if isinstance(given, tuple) else (given,)
        name = f"in{index}"
        tensors[name] = Tensor(name, array.shape, array.dtype, _parameters(*quantization))
        values[name] = array
    dtype = np.dtype(np.float32 if out is None else out.dtype)
    tensors["out"] = Tensor("out", shape, dtype, None if out is None else _parameters(out))
    node = Node("node", operator, tuple(values), ("out",))
    model = Model(tensors, (node,), tuple(values), ("out",), Layout.CHANNELS_FIRST)
    return evaluate(model, values, kernels)["out"]


def draw(rng, shape, dtype):
    """Integers weighted to the ends of the type and around 0; now and then all are extreme."""
    info = np.iinfo(dtype)
    if rng.random() < 0.1:
        return rng.choice([info.min, info.max], shape).astype(dtype)
    values = rng.integers(info.min, info.max, shape, endpoint=True)
    edges = np.array(EDGES) + (128 + info.min)
    return np.where(rng.random(shape) < 0.2, rng.choice(edges, shape), values).astype(dtype)


def _parameters(*quantization):
    if not quantization:
        return None
    if len(quantization) == 1:
        numbers = quantization[0]
        return QuantizationParameters(np.float32([numbers.scale]), np.array([numbers.zero_point]))
    scales, zero_points = (np.atleast_1d(part) for part in quantization)
    zero_points = np.broadcast_to(zero_points, scales.shape)
    return QuantizationParameters(scales, zero_points, 0 if len(scales) > 1 else None)
