import numpy as np
import pytest
from tflite import ActivationFunctionType as Fused
from tflite import BuiltinOperator as Op
from tflite import Padding
from tflite_builder import TFLiteModel
from tflite_samples import SAMPLES

from flow.errors import UserError
from flow.tflite_reader import read_tflite


def test_everything_unsupported_is_told_at_once():
    model = TFLiteModel()
    x = model.tensor("x", (1, 4), np.float32)
    y = model.tensor("y", (1, 4), np.float32)
    z = model.tensor("z\n", (1, 4), np.float32)
    last = model.tensor("last", (1, 4), np.float32)
    model.operator(Op.TANH, [x], [y])
    model.operator(Op.RELU, [y], [z])
    model.operator(Op.CUSTOM, [z], [last], custom="Strange")
    with pytest.raises(UserError) as error:
        read_tflite(model.bytes([x], [last]))
    assert str(error.value) == (
        "not supported: TANH (there is no such operator here) at y; "
        "RELU (not quantized to 8 bits: float32) at z\\n; "
        "custom operator Strange (there is no such operator here) at last"
    )


def one_relu(**tensor):
    """A RELU whose input is changed."""
    model = TFLiteModel()
    known = {"shape": (1, 4), "dtype": np.int8, "scale": 0.5, "zero_point": 0} | tensor
    x = model.tensor("x", **known)
    y = model.tensor("y", (1, 4), np.int8, 0.5, 0)
    model.operator(Op.RELU, [x], [y])
    return model.bytes([x], [y])


def one_convolution(shape=(1, 8, 8, 1), **options):
    """A 3 x 3 convolution whose options are changed."""
    model = TFLiteModel()
    x = model.tensor("x", shape, np.int8, 0.5, 0)
    w = model.tensor("w", (1, 3, 3, 1), np.int8, 0.5, 0, data=np.ones((1, 3, 3, 1)))
    y = model.tensor("y", (1, 8, 8, 1), np.int8, 0.5, 0)
    fields = {"Padding": Padding.SAME, "StrideH": 1, "StrideW": 1} | options
    model.operator(Op.CONV_2D, [x, w], [y], **fields)
    return model.bytes([x], [y])


def weighted(
    dtype=np.int8, w_dtype=np.int8, scale=0.5, zero_point=0, axis=0, data=1, bias=np.int32
):
    """A 1 x 1 convolution to two channels whose weights and bias are changed."""
    model = TFLiteModel()
    x = model.tensor("x", (1, 2, 2, 1), dtype, 0.5, 0)
    values = None if data is None else np.full((2, 1, 1, 1), data)
    w = model.tensor("w", (2, 1, 1, 1), w_dtype, scale, zero_point, axis=axis, data=values)
    b = model.tensor("b", (2,), bias, 0.25, data=[1, 2])
    y = model.tensor("y", (1, 2, 2, 2), dtype, 0.5, 0)
    model.operator(Op.CONV_2D, [x, w, b], [y], Padding=Padding.VALID, StrideH=1, StrideW=1)
    return model.bytes([x] if data is not None else [x, w], [y])


def between(code, shape=(1, 4), scale=0.5, numbers=None, **fields):
    """A node from (1, 4), scale 0.5, to something, perhaps with numbers as second input."""
    model = TFLiteModel()
    inputs = [model.tensor("x", (1, 4), np.int8, 0.5, 0)]
    y = model.tensor("y", shape, np.int8, scale, 0)
    if numbers is not None:
        numbers = np.array(numbers)
        inputs.append(model.tensor("n", numbers.shape, np.int32, data=numbers))
    model.operator(code, inputs, [y], **fields)
    return model.bytes(inputs[:1], [y])


def nodes(*edges, inputs=(0,), outputs=(3,), **fields):
    """RELUs between four tensors, or other nodes, as lists of inputs and outputs."""
    model = TFLiteModel()
    for index in range(4):
        model.tensor(f"t{index}", (1, 4), np.int8, 0.5, 0)
    for read, written in edges:
        model.operator(fields.pop("code", Op.RELU), read, written, **fields)
    return model.bytes(inputs, outputs)


NAN, INF = float("nan"), float("inf")
REFUSED = {
    "no scale": (one_relu(scale=None), "RELU (not quantized: there is no scale) at y"),
    "nan": (one_relu(scale=NAN), "x has the scale nan"),
    "inf": (one_relu(scale=INF), "x has the scale inf"),
    "negative": (one_relu(scale=-1), "x has the scale -1.0"),
    "zero point": (one_relu(zero_point=128), "x is int8 and has the zero point 128"),
    "per channel": (
        one_relu(scale=[1, 2, 3, 4], axis=1),
        "an activation with a scale per channel",
    ),
    "axis": (one_relu(scale=[1, 2], axis=2), "x of shape (1, 4) has 2 scales on axis 2"),
    "scales": (one_relu(scale=[1, 2], axis=1), "x of shape (1, 4) has 2 scales on axis 1"),
    "int16": (one_relu(dtype=np.int16), "RELU (a tensor of type INT16) at y"),
    "empty": (one_relu(shape=(1, 0)), "x has the shape (1, 0)"),
    "negative size": (one_relu(shape=(1, -4)), "x has the shape (1, -4)"),
    "huge": (
        one_relu(shape=(1 << 30, 1 << 30)),
        "x has 1152921504606846976 elements and may have 134217728",
    ),
    "stride": (one_convolution(StrideH=0), "CONV_2D (stride must be at least 1, not 0) at y"),
    "window": (one_convolution((1, 2, 8, 1), Padding=Padding.VALID), "the kernel spans 3"),
    "padding": (one_convolution(Padding=7), "padding 7"),
    "activation": (one_convolution(FusedActivationFunction=Fused.TANH), "fused activation 4"),
    "output": (
        one_convolution(StrideH=2),
        "an output of shape (1, 8, 8, 1) instead of (1, 4, 8, 1)",
    ),
    "dilation": (
        one_convolution(DilationHFactor=1 << 30),
        "an image of 21474836560 elements with padding",
    ),
    "float weights": (
        weighted(w_dtype=np.float32),
        "CONV_2D (float32 weights with int8 activations) at y",
    ),
    "computed weights": (
        weighted(data=None),
        "CONV_2D (weights or bias that are computed, not constant) at y",
    ),
    "weights without scale": (weighted(scale=None), "not quantized: weights have no scale"),
    "asymmetric": (weighted(zero_point=3), "int8 weights with a zero point other than 0"),
    "asymmetric channels": (weighted(scale=[1, 2], zero_point=3), "a zero point other than 0"),
    "uint8 channels": (
        weighted(np.uint8, np.uint8, [1, 2]),
        "CONV_2D (uint8 weights with a scale per channel) at y",
    ),
    "bias": (weighted(bias=np.int64), "CONV_2D (a bias of int64) at y"),
    "other scale": (
        between(Op.RESHAPE, (4, 1), 0.25),
        "RESHAPE (input and output of different scale or zero point) at y",
    ),
    "other size": (between(Op.RESHAPE, (4, 2)), "RESHAPE (shape (1, 4) to (4, 2)) at y"),
    "other shape": (
        between(Op.RESHAPE, (4, 1), numbers=[2, 2]),
        "RESHAPE (an output of shape (4, 1) instead of (2, 2)) at y",
    ),
    "squeezed": (between(Op.SQUEEZE, (2, 2)), "SQUEEZE (shape (1, 4) to (2, 2)) at y"),
    "order": (
        between(Op.TRANSPOSE, (4, 1), numbers=[1, 1]),
        "TRANSPOSE (order (1, 1) of an input of shape (1, 4)) at y",
    ),
    "mean axis": (between(Op.MEAN, (1,), numbers=[2]), "MEAN (axis 2 of 2 dimensions) at y"),
    "negative pad": (
        between(Op.PAD, (1, 3), numbers=[[0, 0], [-1, 0]]),
        "PAD (padding [[0, 0], [-1, 0]] of an input of shape (1, 4)) at y",
    ),
    "beta": (between(Op.SOFTMAX, Beta=NAN), "SOFTMAX (beta nan with an input of"),
    "clamped shape": (
        between(Op.RELU, (4, 1)),
        "RELU (an output of shape (4, 1) instead of (1, 4)) at y",
    ),
    "arity": (nodes(([0, 1], [3]), inputs=(0, 1)), "RELU (2 inputs instead of 1) at t3"),
    "absent": (nodes(([-1], [3])), "RELU (0 inputs instead of 1) at t3"),
    "outputs": (nodes(([0], [3, 2])), "RELU (2 outputs instead of 1) at t3"),
    "options": (
        nodes(([0], [3]), code=Op.SOFTMAX, options="AddOptions"),
        "SOFTMAX (options of AddOptions, not of SoftmaxOptions) at t3",
    ),
    "no options": (
        nodes(([0], [3]), code=Op.SOFTMAX, options=""),
        "SOFTMAX (options of NONE, not of SoftmaxOptions) at t3",
    ),
    "cycle": (
        nodes(([1], [2]), ([2], [1]), outputs=(1,)),
        "node t2 reads t1, which nothing before it writes",
    ),
    "twice": (nodes(([0], [3]), ([0], [3])), "node t3 writes t3, which is there already"),
    "no such tensor": (nodes(([4], [3])), "it names tensor 4, and there are 4"),
    "not written": (nodes(([0], [2])), "output t3 is written by no node"),
    "no operators": (nodes(), "the model must have at least one operator and one output"),
    "other file": (b"PK\x03\x04" * 9, "not a .tflite file: bytes 4 to 7 must be b'TFL3'"),
    "empty file": (b"", "not a .tflite file"),
    "cut off": (SAMPLES["conv"][:400], "not a whole .tflite file"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name):
    data, sentence = REFUSED[name]
    with pytest.raises(UserError) as error:
        read_tflite(data)
    assert sentence in str(error.value)


def test_tables_beyond_the_limit_are_refused(monkeypatch):
    monkeypatch.setattr("flow.tflite_tables.MAX_ITEMS", 500)
    with pytest.raises(UserError, match="the model is too large: its tables and names"):
        read_tflite(SAMPLES["conv"])
