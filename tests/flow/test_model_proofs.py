"""Requantizations that equal a kernel set everywhere, and what has none."""

import numpy as np
import pytest

from flow.model_layout import placed_input
from flow.model_proofs import proven_addition, proven_average
from flow.model_site import Site, StaysOnHostError
from golden.kernel_window import KernelWindow
from golden.kernels.kernel_set import evaluate
from golden.kernels.registry import KernelSets
from golden.model import Layout, Model, Node, QuantizationParameters, Tensor
from golden.operators import Activation, Add, AveragePool, GlobalAveragePool, MaxPool, Quantize
from golden.requantize import requantize
from golden.residual import residual_add

CODES = np.arange(-128, 128, dtype=np.int8)
LAST, FIRST = Layout.CHANNELS_LAST, Layout.CHANNELS_FIRST


def site(operator, kernels, inputs, output, layout=LAST):
    """A model of one node; inputs and output are (shape, scale, zero point)."""
    tensors = {}
    for name, (shape, scale, zero_point) in zip("abc", [*inputs, output], strict=False):
        quantization = QuantizationParameters(np.array([scale]), np.array([zero_point]))
        tensors[name] = Tensor(name, shape, np.dtype(np.int8), quantization)
    *read, written = tensors
    model = Model(tensors, [Node("n", operator, tuple(read), (written,))], read, (written,), layout)
    places = [placed_input(tensors[name], layout) for name in read]
    return Site(model, model.nodes[0], kernels.kernels, places)


def addition(kernels, scales, zero_points, shape=(1, 256, 256, 1)):
    a, b, c = ((shape, s, z) for s, z in zip(scales, zero_points, strict=True))
    return site(Add(), kernels, [a, b], c)


@pytest.mark.parametrize(
    ("kernels", "scales", "zero_points"),
    [
        (KernelSets.LITERT, (0.5, 0.5, 1.0), (3, -4, 5)),
        (KernelSets.LITERT, (0.25, 1.0, 0.5), (0, 0, -1)),
        (KernelSets.LITERT, (0.3, 0.7, 0.9), (-128, 127, 0)),
        (KernelSets.LITERT, (0.001, 0.9, 1.0), (1, 2, 3)),
        (KernelSets.ONNXRUNTIME, (0.5, 0.5, 1.0), (3, -4, 6)),
        (KernelSets.ONNXRUNTIME, (0.3, 0.7, 0.9), (-128, 127, 0)),
    ],
)
def test_an_addition_is_equal_for_all_pairs_ties_too(kernels, scales, zero_points):
    node = addition(kernels, scales, zero_points)
    multipliers, r = proven_addition(node)
    a, b = (part.reshape(1, 256, 256, 1) for part in np.meshgrid(CODES, CODES, indexing="ij"))
    expected = evaluate(node.model, {"a": a, "b": b}, kernels.kernels)["c"]
    found = residual_add(a, b, multipliers, zero_points[:2], r)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("scales", "zero_points", "pairs"),
    [((0.5, 0.5, 1.0), (3, -4, 5), "16[0-9]{3}"), ((1.1, 0.7, 0.9), (0, 0, 0), None)],
    ids=["ties go to odd codes", "equal"],
)
def test_onnxruntime_rounds_ties_with_the_zero_point(scales, zero_points, pairs):
    node = addition(KernelSets.ONNXRUNTIME, scales, zero_points)
    if pairs is None:
        proven_addition(node)
        return
    with pytest.raises(StaysOnHostError, match=f"rounds {pairs} of the 65536 pairs of codes other"):
        proven_addition(node)


def test_an_addition_of_single_numbers_is_not_tried():
    with pytest.raises(StaysOnHostError, match="it adds single numbers"):
        proven_addition(addition(KernelSets.LITERT, (1, 1, 1), (0, 0, 0), (1, 1, 1, 1)))


def average(kernels, kernel, operator=None, scales=(0.1, 0.1), zero_points=(3, 3), image=None):
    layout = FIRST if kernels is KernelSets.ONNXRUNTIME else LAST
    height, width = image or kernel
    out = (height - kernel[0] + 1, width - kernel[1] + 1)
    shapes = [(1, *size, 2) if layout is LAST else (1, 2, *size) for size in ((height, width), out)]
    read, written = ((s, scales[i], zero_points[i]) for i, s in enumerate(shapes))
    return site(operator or AveragePool(KernelWindow(kernel)), kernels, [read], written, layout)


@pytest.mark.parametrize(
    ("kernels", "kernel", "operator", "scales", "zero_points"),
    [
        (KernelSets.LITERT, (2, 2), None, (0.1, 0.1), (3, 3)),
        (KernelSets.LITERT, (3, 5), None, (0.1, 0.1), (-128, -128)),
        (KernelSets.LITERT, (16, 16), None, (0.1, 0.1), (127, 127)),
        (KernelSets.ONNXRUNTIME, (2, 2), GlobalAveragePool(), (0.5, 1.0), (3, -7)),
        (KernelSets.ONNXRUNTIME, (3, 5), GlobalAveragePool(), (0.13, 0.07), (3, -7)),
        (KernelSets.ONNXRUNTIME, (3, 5), None, (0.13, 0.07), (3, -7)),
    ],
)
def test_an_average_is_equal_in_drawn_windows(kernels, kernel, operator, scales, zero_points):
    node = average(kernels, kernel, operator, scales, zero_points)
    r = proven_average(node, kernel)
    windows = np.random.default_rng(1).integers(-128, 128, (500, *node.source.shape[1:]))
    expected = evaluate(node.model, {"a": windows.astype(np.int8)}, kernels.kernels)
    axes = (1, 2) if node.model.layout is LAST else (2, 3)
    sums = (windows - zero_points[0]).sum(axis=axes).astype(np.int32)
    np.testing.assert_array_equal(requantize(sums, r), expected["b"]
                                  .reshape(500, 2))  # fmt: skip


@pytest.mark.parametrize(
    ("node", "kernel", "sentence"),
    [
        (average(KernelSets.LITERT, (17, 16)), (17, 16), "window has 272 elements, and sums of at"),
        (
            average(KernelSets.ONNXRUNTIME, (2, 2), image=(3, 2)),
            (2, 2),
            "may depend on more than the sum",
        ),
        (
            average(KernelSets.LITERT_NO_DELEGATE, (1, 1), Quantize(), (0.25, 1.0), (1, 2)),
            (1, 1),
            "rounds a code otherwise in some places",
        ),
    ],
)
def test_what_cannot_be_proven_is_refused(node, kernel, sentence):
    with pytest.raises(StaysOnHostError, match=sentence):
        proven_average(node, kernel)


def test_float_sums_that_are_exact_may_be_in_any_order():
    image, kernel = (3, 2), (2, 2)
    node = average(
        KernelSets.ONNXRUNTIME, kernel, scales=(0.125, 0.5), zero_points=(3, 2), image=image
    )
    assert proven_average(node, kernel)


def test_a_maximum_that_clips_is_a_function_of_its_code():
    window = KernelWindow((2, 3))
    node = average(KernelSets.LITERT, (2, 3), MaxPool(window, Activation.RELU), zero_points=(9, 9))
    r = proven_average(node, (1, 1))
    found = requantize((CODES.astype(np.int32) - 9)[:, None], r)[:, 0]
    np.testing.assert_array_equal(found, np.maximum(CODES, 9))
