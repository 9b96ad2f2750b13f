"""What valid .onnx files may not have, in which words it is said."""

import numpy as np
import pytest
from onnx import TensorProto
from onnx_builder import Numbers
from onnx_refusals import INT8, KERNEL, builder, refusal


def of_real(make):
    """A model in which `make` gets the builder and the real numbers of x, and gives others."""
    b, x = builder()
    return b.model(b.quantize(make(b, b.dequantize(x)), INT8))


def weighted(operator, weights=KERNEL, inputs=(), **attributes):
    def make(b, real):
        names = [b.constant(part) for part in (weights, np.float32(0.01), np.int8(0))]
        kernel = b.node("DequantizeLinear", names)
        return b.node(operator, [real, kernel, *map(b.constant, inputs)], **attributes)

    return of_real(make)


def single(operator, *constants, **attributes):
    return of_real(
        lambda b, real: b.node(operator, [real, *map(b.constant, constants)], **attributes)
    )


UNSUPPORTED = {
    "LSTM": (single("LSTM"), "LSTM (there is no such operator here) at lstm4_LSTM"),
    "batch normalization": (
        single("BatchNormalization", *np.ones((4, 4), np.float32)),
        "BatchNormalization (it must be folded into the weights before quantization)"),
    "dynamic": (
        single("DynamicQuantizeLinear"),
        "its scales are computed at run time; quantize statically"),
    "subgraph": (single("If"), "If (graphs within the graph are not imported)"),
    "clip inside of the range": (
        of_real(lambda b, r: b.node("Clip", [
            b.node("AveragePool", [r], kernel_shape=[2, 2]),
            *(b.constant(np.float32(v)) for v in (-0.5, 2.0))])),
        "AveragePool (it is clipped to -0.5 .. 2, and only 0 .. inf, 0 .. 6, -1 .. 1 and what"),
    "unquantized weights": (
        single("Conv", KERNEL.astype(np.float32)), "its weights are not quantized"),
    "weights of 32 bits": (
        of_real(lambda b, r: b.node("Conv", [r, b.node("DequantizeLinear", [
            b.constant(KERNEL.astype(np.int32)), b.constant(np.float32(1))])])),
        "Conv (its weights are int32, not of 8 bits)"),
    "alpha": (weighted("Gemm", alpha=0.5), "its alpha is 0.5, not 1"),
    "bias of another scale": (
        of_real(lambda b, r: b.node("Conv", [r, *b._weights(
            type(b.input("q", (1,), INT8))("q", Numbers(0.1, 0)), KERNEL, np.float32(0.01), None,
            np.zeros(4, np.int32), 0)])),
        "its bias has a scale of"),
    "ceil": (
        single("AveragePool", kernel_shape=[2, 2], strides=[4, 4], ceil_mode=1),
        "it has a window that is not whole, by ceil_mode"),
    "reflection": (
        single("Pad", np.array([0] * 8), mode="reflect"), "it pads with other than a constant"),
    "pad between": (
        single("Pad", np.array([0] * 8), np.float32(0.01)),
        "it pads with 0.01, which is none of the integers' numbers"),
    "negative pads": (single("Pad", np.array([-1] * 8)), "it cuts off, by negative pads"),
    "unquantized": (
        of_real(lambda b, r: b.node("Softmax", [b.node("Softmax", [r])])),
        "Softmax (its result is not quantized) at softmax4_Softmax"),
    "read twice": (
        of_real(lambda b, r: b.quantize(b.node("AveragePool", [r], kernel_shape=[2, 2],
                                               name="a"), INT8) and "a"),
        "AveragePool (its result is read more than once before it is quantized) at a_AveragePool"),
    "blocked": (
        of_real(lambda b, r: b.node(
            "DequantizeLinear", ["x", b.constant(np.float32(1))], block_size=2)),
        "DequantizeLinear (its scales are blocked)"),
    "another scale": (
        of_real(lambda b, r: b.node("DequantizeLinear", ["x", *b.scale_and_zero_point(
            Numbers(0.5, 0))])),
        "it reads x by another scale or zero point than other nodes"),
    "int16": (
        of_real(lambda b, r: b.node("DequantizeLinear", [b.quantize(
            r, Numbers(0.5, 0, np.int16)).name, b.constant(np.float32(1))])),
        "must be of FLOAT, INT8, UINT8, INT32 or INT64, not INT16"),
    "output type": (
        of_real(lambda b, r: b.node("DequantizeLinear", [b.node(
            "QuantizeLinear", [r, b.constant(np.float32(1))], output_dtype=TensorProto.INT16)])),
        "QuantizeLinear (its output_dtype is neither INT8 nor UINT8)"),
    "wide padding": (
        weighted("Conv", pads=[3, 0, 0, 0]),
        "padding must be from 0 to 2 for a kernel that spans 3, not 3"),
    "two activations": (
        of_real(lambda b, r: b.node("MatMul", [r, r])), "MatMul (its weights are not constant)"),
}  # fmt: skip


@pytest.mark.parametrize("case", UNSUPPORTED)
def test_what_is_not_supported_is_named(case):
    data, words = UNSUPPORTED[case]
    sentence = refusal(data)
    assert sentence.startswith("not supported: ")
    assert words in sentence


def test_all_that_is_not_supported_is_told_at_once():
    b, x = builder()
    a = b.quantize(b.node("Tanh", [b.dequantize(x)]), INT8)
    c = b.quantize(b.node("Sin", [b.dequantize(a)]), INT8)
    d = b.quantize(b.node("Tanh", [b.dequantize(x)]), INT8)
    assert refusal(b.model(c, d)) == (
        "not supported: Tanh (there is no such operator here) at tanh4_Tanh, tanh18_Tanh; "
        "Sin (there is no such operator here) at sin11_Sin"
    )
