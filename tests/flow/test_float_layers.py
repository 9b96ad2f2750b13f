import numpy as np
import pytest

from flow.float_layers import (
    Add,
    AveragePooling,
    Convolution,
    Depthwise,
    Flatten,
    FullyConnected,
    MaxPooling,
)
from golden.kernel_window import KernelWindow

ONE = {"name": "layer", "inputs": ("input",)}
SAME = KernelWindow((3, 3), padding=((1, 1), (1, 1)))
LAYERS = {
    "convolution": Convolution(**ONE, channels=4, window=SAME),
    "strided convolution": Convolution(**ONE, channels=2, window=KernelWindow((3, 2), (2, 1))),
    "dilated convolution": Convolution(
        **ONE, channels=2, window=KernelWindow((2, 3), dilation=(2, 1), padding=((1, 0), (0, 2)))
    ),
    "depthwise": Depthwise(**ONE, window=SAME),
    "strided depthwise": Depthwise(**ONE, window=KernelWindow((2, 2), (2, 3))),
    "max pooling": MaxPooling(**ONE, window=KernelWindow((2, 2), (2, 2))),
    "overlapping max pooling": MaxPooling(**ONE, window=KernelWindow((3, 3), (2, 1))),
    "average pooling": AveragePooling(**ONE, window=KernelWindow((2, 3), (2, 2))),
    "add": Add(name="layer", inputs=("a", "b")),
    "flatten": Flatten(**ONE),
    "fully connected": FullyConnected(**ONE, channels=4),
}


def input_shape(layer):
    return (1, 1, 7) if isinstance(layer, FullyConnected) else (5, 6, 3)


def operands(layer, seed=0, images=2):
    random = np.random.default_rng(seed)
    shapes = [input_shape(layer)] * len(layer.inputs)
    inputs = tuple(random.standard_normal((images, *shape)) for shape in shapes)
    parameters = tuple(random.standard_normal(s) for s in layer.parameter_shapes(*shapes))
    return inputs, parameters


def by_definition(layer, inputs, parameters):
    """The output, one value at a time."""
    if isinstance(layer, Add):
        return inputs[0] + inputs[1]
    if isinstance(layer, Flatten):
        return np.array([[[image.ravel()]] for image in inputs[0]])
    if isinstance(layer, FullyConnected):
        weights, bias = parameters
        return np.array([[[image.ravel() @ weights + bias]] for image in inputs[0]])
    window = layer.window
    x_padded = np.pad(inputs[0], ((0, 0), *window.padding, (0, 0)))
    output = np.zeros((len(x_padded), *layer.output_shape(input_shape(layer))))
    (height, width), (dy, dx) = window.extent, window.dilation
    for n, y, x, c in np.ndindex(output.shape):
        top, left = y * window.stride[0], x * window.stride[1]
        under = x_padded[n, top : top + height : dy, left : left + width : dx]
        if isinstance(layer, Convolution):
            value = np.sum(under * parameters[0][..., c]) + parameters[1][c]
        elif isinstance(layer, Depthwise):
            value = np.sum(under[..., c] * parameters[0][..., c]) + parameters[1][c]
        elif isinstance(layer, MaxPooling):
            value = under[..., c].max()
        else:
            value = under[..., c].mean()
        output[n, y, x, c] = value
    return output


@pytest.mark.parametrize("kind", LAYERS)
def test_outputs_are_those_of_the_definition(kind):
    layer = LAYERS[kind]
    inputs, parameters = operands(layer)
    output, _ = layer.forward(inputs, parameters)
    assert output.shape[1:] == layer.output_shape(*[input_shape(layer)] * len(inputs))
    np.testing.assert_allclose(output, by_definition(layer, inputs, parameters), atol=1e-12)


@pytest.mark.parametrize("kind", LAYERS)
def test_gradients_are_the_slopes(kind):
    """Of the output weighted at random, along a random direction of everything it depends on."""
    layer = LAYERS[kind]
    inputs, parameters = operands(layer, seed=1)
    output, pullback = layer.forward(inputs, parameters)
    random = np.random.default_rng(2)
    weight = random.standard_normal(output.shape)
    gradients = pullback(weight)
    values = (inputs, parameters)
    for which, index in [(w, i) for w in (0, 1) for i in range(len(values[w]))]:
        assert gradients[which][index].shape == values[which][index].shape
        direction = random.standard_normal(values[which][index].shape)
        sums = []
        for step in (1e-6, -1e-6):
            moved = [list(inputs), list(parameters)]
            moved[which][index] = moved[which][index] + step * direction
            sums.append(np.sum(layer.forward(tuple(moved[0]), tuple(moved[1]))[0] * weight))
        slope = (sums[0] - sums[1]) / 2e-6
        assert np.sum(gradients[which][index] * direction) == pytest.approx(slope, abs=1e-6)


def test_the_first_of_equal_values_gets_the_gradient_of_a_maximum():
    _, pullback = LAYERS["max pooling"].forward((np.ones((1, 2, 2, 1)),), ())
    ((gradient,), _) = pullback(np.full((1, 1, 1, 1), 3.0))
    np.testing.assert_array_equal(gradient[0, ..., 0], [[3, 0], [0, 0]])


def test_float32_stays_float32():
    for layer in LAYERS.values():
        inputs, parameters = operands(layer)
        single = [tuple(x.astype(np.float32) for x in arrays) for arrays in (inputs, parameters)]
        output, pullback = layer.forward(*single)
        of_inputs, of_parameters = pullback(output)
        assert {x.dtype.name for x in (output, *of_inputs, *of_parameters)} == {"float32"}


def test_inputs_that_do_not_fit_are_refused():
    sentence = r"layer must have two inputs of the same shape, not \(\(4, 4, 1\), \(4, 4, 2\)\)"
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        LAYERS["add"].output_shape((4, 4, 1), (4, 4, 2))
    sentence = r"layer must have a flat input, not \(4, 4, 1\): flatten it"
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        LAYERS["fully connected"].output_shape((4, 4, 1))
    with pytest.raises(ValueError, match=r"^layer: a pooling must have no padding$"):
        MaxPooling(**ONE, window=SAME)
