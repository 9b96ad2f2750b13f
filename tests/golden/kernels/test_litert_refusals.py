"""What LiteRT does not run, or not by a rule, is refused in a sentence."""

import numpy as np
import pytest

from golden.kernel_window import KernelWindow
from golden.kernels.kernel_set import evaluate
from golden.kernels.registry import KernelSets
from golden.model import Layout, Model, Node, QuantizationParameters, Tensor
from golden.operators import (
    Add,
    AveragePool,
    Concatenation,
    Convolution,
    FullyConnected,
    GlobalAveragePool,
    Softmax,
)

IMAGE = (1, 2, 2, 1)


def tensor(name, shape=IMAGE, scale=0.5, zero=0, dtype=np.int8, data=None):
    quantization = QuantizationParameters(np.float32(scale), np.int64(zero))
    return Tensor(name, shape, np.dtype(dtype), quantization, data)


def constant(name, shape, zero=0, dtype=np.int8):
    return tensor(name, shape, zero=zero, dtype=dtype, data=np.ones(shape, dtype))


def refusal(operator, inputs, output, kernels="litert", layout=Layout.CHANNELS_LAST):
    tensors = {t.name: t for t in (*inputs, output)}
    node = Node("n", operator, tuple(t.name for t in inputs), (output.name,))
    given = tuple(t.name for t in inputs if t.data is None)
    model = Model(tensors, (node,), given, (output.name,), layout)
    values = {t.name: np.ones(t.shape, t.dtype) for t in inputs if t.data is None}
    with pytest.raises(ValueError, match=r"^node n: ") as caught:
        evaluate(model, values, KernelSets.parse(kernels).kernels)
    return str(caught.value).removeprefix("node n: ")


X, Y = tensor("x"), tensor("y")
POINT = KernelWindow((1, 1))
WEIGHTS = constant("w", (1, 1, 1, 1))
BIAS = constant("b", (1,), dtype=np.int32)

CASES = [
    ("it has no bias, without which LiteRT runs no quantized convolution",
     Convolution(POINT), (X, WEIGHTS), Y),
    ("its int8 weights must have zero point 0, not 3",
     Convolution(POINT), (X, constant("w", (1, 1, 1, 1), zero=3), BIAS), Y),
    ("its input, weights and output must be of one type",
     Convolution(POINT), (X, WEIGHTS, BIAS), tensor("y", dtype=np.uint8)),
    ("its bias must be 1 numbers of int32, not 1 of int8",
     Convolution(POINT), (X, WEIGHTS, constant("b", (1,))), Y),
    ("its rows have 3 elements, which do not divide the 4 of its input",
     FullyConnected(), (X, constant("w", (3, 1))), tensor("y", (1, 1))),
    ("it counts padding, which AVERAGE_POOL_2D does not do",
     AveragePool(POINT, padding_counts=True), (X,), Y),
    ("its input and output must have the same scale and zero point",
     AveragePool(POINT), (X,), tensor("y", scale=0.25)),
    ("it is GlobalAveragePool, which litert does not have", GlobalAveragePool(), (X,), Y),
    ("its axis must be the last one, 3, not 1", Softmax(1), (X,), Y),
    ("tensor x must have the scale 0.25 and zero point 0 of its output, not 0.5 and 0",
     Concatenation(0), (X, tensor("z")), tensor("y", (2, 2, 2, 1), scale=0.25)),
    (("its sum may be 524288 output steps, and this kernel wraps at 16 bits: the output scale is "
      "too small"), Add(), (X, tensor("z")), tensor("y", scale=2.0**-11)),
    ("tensor x must be int8 or uint8, not int32",
     AveragePool(POINT), (tensor("x", dtype=np.int32),), Y),
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "operator", "inputs", "output"), CASES)
def test_what_cannot_be_is_refused_in_a_sentence(sentence, operator, inputs, output):
    assert refusal(operator, inputs, output) == sentence


def test_channels_first_is_refused():
    sentence = refusal(AveragePool(POINT), (X,), Y, layout=Layout.CHANNELS_FIRST)
    assert sentence == "it is of a model with channels first; LiteRT has them last"


def test_a_sum_too_large_for_the_reference_multiplier_is_refused():
    sentence = refusal(Add(), (X, tensor("z")), tensor("y", scale=2.0**-21), "litert_ref")
    assert sentence.startswith("its output scale must be above 9.53674e-07 for this kernel, not ")
