"""Models of one operator for LiteRT, with random quantization and weighted extreme data.

Each maker takes a generator and returns (file, draw): draw() gives the inputs of one run. With
`ties`, scales are powers of two, so that many results are exactly half way between two codes.
"""

import numpy as np
from tflite import BuiltinOperator, Padding
from tflite_builder import TFLiteModel

__all__ = ["add", "concatenation", "draw", "near_ties", "quantize", "unary", "weighted"]

FAR = np.array([np.nan, np.inf, -np.inf, 1e10, -1e10, 1e38, -1e38], np.float32)
EXTREMES = np.array([-128, -127, -1, 0, 1, 126, 127])


def draw(rng, shape, dtype=np.int8):
    """Codes, half of them extreme."""
    codes = np.where(
        rng.random(shape) < 0.5, rng.choice(EXTREMES, shape), rng.integers(-128, 128, shape)
    )
    return (codes + (128 if dtype == np.uint8 else 0)).astype(dtype)


def scale(rng, low=-7, high=-3, *, ties=False, count=None):
    exponent = rng.integers(low, high + 1, count) if ties else rng.uniform(low, high, count)
    return np.float32(2.0**exponent)


def zero_point(rng, dtype):
    return int(draw(rng, (), dtype))


def weighted(
    kind, rng, *, dtype=np.int8, channels=5, outputs=6, kernel=(3, 3), stride=(1, 1),
    dilation=(1, 1), same=True, groups=1, per_channel=True, weight_zero=0, activation=0,
    keep=False, ties=False,
):  # fmt: skip
    """CONV_2D, DEPTHWISE_CONV_2D (`outputs` is the multiplier) or FULLY_CONNECTED, with a bias."""
    height, width = 7, 8
    if kind == "fully connected":
        given = (3, 2, channels) if keep else (6, channels)
        result, shape = (*given[:-1], outputs), (outputs, channels)
    else:
        rows, columns = (
            -(-n // s) if same else (n - (k - 1) * d - 1) // s + 1
            for n, k, s, d in zip((height, width), kernel, stride, dilation, strict=True)
        )
        if kind == "depthwise":
            outputs *= channels
        given, result = (2, height, width, channels), (2, rows, columns, outputs)
        shape = (outputs, *kernel, channels // groups)
        if kind == "depthwise":
            shape = (1, *kernel, outputs)
    axis = 3 if kind == "depthwise" and per_channel else 0
    reduction = np.prod(shape) / outputs
    weight_scales = scale(rng, -8, -5, ties=ties, count=outputs if per_channel else 1)
    input_scale = scale(rng, ties=ties)
    spread = np.log2(weight_scales.mean() * input_scale * np.sqrt(reduction) * 70)
    output_scale = np.float32(2.0 ** (np.rint(spread) if ties else spread))
    model = TFLiteModel()
    x = model.tensor("x", given, dtype, input_scale, zero_point(rng, dtype))
    w = model.tensor(
        "w", shape, dtype, weight_scales, weight_zero, axis=axis, data=draw(rng, shape, dtype)
    )
    bias = rng.integers(-5000, 5000, outputs)
    b = model.tensor("b", (outputs,), np.int32, input_scale * weight_scales, 0, data=bias)
    y = model.tensor("y", result, dtype, output_scale, zero_point(rng, dtype))
    fields = {"FusedActivationFunction": activation}
    if kind == "fully connected":
        fields["KeepNumDims"] = keep
        code = BuiltinOperator.FULLY_CONNECTED
    else:
        fields |= _window(stride, same)
        fields |= {"DilationHFactor": dilation[0], "DilationWFactor": dilation[1]}
        code = BuiltinOperator.CONV_2D
    if kind == "depthwise":
        fields["DepthMultiplier"] = outputs // channels
        code = BuiltinOperator.DEPTHWISE_CONV_2D
    model.operator(code, [x, w, b], [y], version=3, **fields)
    return model.bytes([x], [y]), lambda: [draw(rng, given, dtype)]


def near_ties(rng, channels=400):
    """FULLY_CONNECTED of one weight: each channel is close to a tie for some activation."""
    weights = rng.integers(1, 128, (channels, 1))
    bias = rng.integers(-(2**24), 2**24, channels)
    input_scale, output_scale = scale(rng), scale(rng)
    met = bias + weights[:, 0] * rng.integers(-128, 128, channels)
    tie = rng.integers(0, 100, channels) + 0.5
    exact = tie / np.maximum(np.abs(met), 1) * float(output_scale) / float(input_scale)
    ulps = rng.integers(-1, 2, channels).astype(np.int32)
    scales = (exact.astype(np.float32).view(np.int32) + ulps).view(np.float32)
    model = TFLiteModel()
    codes = np.arange(-128, 128, dtype=np.int8).reshape(-1, 1)
    x = model.tensor("x", codes.shape, np.int8, input_scale, 0)
    w = model.tensor("w", weights.shape, np.int8, scales, data=weights)
    b = model.tensor("b", (channels,), np.int32, input_scale * scales, data=bias)
    y = model.tensor("y", (256, channels), np.int8, output_scale, 0)
    model.operator(BuiltinOperator.FULLY_CONNECTED, [x, w, b], [y], version=5)
    return model.bytes([x], [y]), lambda: [codes]


def add(rng, *, shapes=((2, 3, 4, 5), (2, 3, 4, 5)), dtype=np.int8, activation=0, ratio=(1, 1),
        ties=False):  # fmt: skip
    """ADD, scales of the second operand and of the result being `ratio` times the first one's."""
    model = TFLiteModel()
    first = scale(rng, ties=ties)
    second, out = (np.float32(first * r) * scale(rng, -1, 1, ties=ties) for r in ratio)
    a, b = (
        model.tensor(name, shape, dtype, s, zero_point(rng, dtype))
        for name, shape, s in zip("ab", shapes, (first, second), strict=True)
    )
    y = model.tensor("y", np.broadcast_shapes(*shapes), dtype, out, zero_point(rng, dtype))
    model.operator(BuiltinOperator.ADD, [a, b], [y], version=2, FusedActivationFunction=activation)
    return model.bytes([a, b], [y]), lambda: [draw(rng, shape, dtype) for shape in shapes]


def unary(
    rng, code, shape, result=None, *, dtype=np.int8, result_dtype=None, same=False, constants=(),
    version=2, ties=False, scales=None, out=None, **fields,
):  # fmt: skip
    """An operator with one activation; `same` quantization, given `scales`, or `out` (s, z)."""
    result_dtype = result_dtype or dtype
    model = TFLiteModel()
    given = (scales[0] if scales else scale(rng, ties=ties), zero_point(rng, dtype))
    if out is None and same:
        out = given
    elif out is None:
        factor = scale(rng, -1.5, 1.5) if not ties else scale(rng, -1, 2, ties=True)
        out = (scales[1] if scales else given[0] * factor, zero_point(rng, np.dtype(result_dtype)))
    x = model.tensor("x", shape, dtype, *given)
    inputs = [x]
    for name, data in constants:
        constant = np.asarray(data)
        if constant.dtype == dtype:
            inputs.append(model.tensor(name, constant.shape, dtype, *out, data=constant))
        else:
            index = constant.astype(np.int32)
            inputs.append(model.tensor(name, index.shape, np.int32, data=index))
    quantization = () if result_dtype == np.float32 else out
    y = model.tensor("y", result or shape, result_dtype, *quantization)
    if "stride" in fields:
        fields |= _window(fields.pop("stride"), fields.pop("padded"))
        fields["FilterHeight"], fields["FilterWidth"] = fields.pop("kernel")
    model.operator(code, inputs, [y], version=version, **fields)
    return model.bytes([x], [y]), lambda: [draw(rng, shape, dtype)]


def quantize(rng, shape, dtype, *, ties=False):
    """QUANTIZE of float32: odd halves of a step, their neighbours, and a normal distribution."""
    step = scale(rng, ties=ties)
    model = TFLiteModel()
    x = model.tensor("x", shape, np.float32)
    y = model.tensor("y", shape, dtype, step, zero_point(rng, dtype))
    model.operator(BuiltinOperator.QUANTIZE, [x], [y])

    def values():
        half = step * (rng.integers(-140, 140, shape) + np.float32(0.5))
        near = np.nextafter(half, rng.choice([-np.inf, 0, np.inf], shape), dtype=np.float32)
        near = np.where(rng.random(shape) < 0.5, half, near)
        normal = rng.normal(0, 60, shape).astype(np.float32) * step
        drawn = np.where(rng.random(shape) < 0.6, near, normal).astype(np.float32)
        return [np.where(rng.random(shape) < 0.1, rng.choice(FAR, shape), drawn)]

    return model.bytes([x], [y]), values


def concatenation(rng, *, dtype=np.int8, axis=3, count=3):
    """CONCATENATION of tensors of one quantization."""
    model, quantization = TFLiteModel(), (scale(rng), zero_point(rng, dtype))
    shapes = [tuple(2 + i if d == axis else 3 for d in range(4)) for i in range(count)]
    parts = [model.tensor(f"x{i}", s, dtype, *quantization) for i, s in enumerate(shapes)]
    total = tuple(sum(s[axis] for s in shapes) if d == axis else 3 for d in range(4))
    y = model.tensor("y", total, dtype, *quantization)
    model.operator(BuiltinOperator.CONCATENATION, parts, [y], version=2, Axis=axis)
    return model.bytes(parts, [y]), lambda: [draw(rng, shape, dtype) for shape in shapes]


def _window(stride, same):
    padding = Padding.SAME if same else Padding.VALID
    return {"StrideH": stride[0], "StrideW": stride[1], "Padding": padding}
