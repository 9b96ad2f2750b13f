"""Makes small .tflite files for tests: any operator, any options, as the interpreter takes them."""

from importlib import import_module

import flatbuffers
import numpy as np
from tflite import BuiltinOperator, BuiltinOptions, TensorType

__all__ = ["TFLiteModel"]

TYPES = {
    np.dtype(np.float32): TensorType.FLOAT32,
    np.dtype(np.float16): TensorType.FLOAT16,
    np.dtype(np.int8): TensorType.INT8,
    np.dtype(np.uint8): TensorType.UINT8,
    np.dtype(np.int16): TensorType.INT16,
    np.dtype(np.int32): TensorType.INT32,
    np.dtype(np.int64): TensorType.INT64,
    np.dtype(np.bool_): TensorType.BOOL,
}

OPTIONS = {
    BuiltinOperator.ADD: "AddOptions",
    BuiltinOperator.AVERAGE_POOL_2D: "Pool2DOptions",
    BuiltinOperator.CONCATENATION: "ConcatenationOptions",
    BuiltinOperator.CONV_2D: "Conv2DOptions",
    BuiltinOperator.DEPTHWISE_CONV_2D: "DepthwiseConv2DOptions",
    BuiltinOperator.DEQUANTIZE: "DequantizeOptions",
    BuiltinOperator.EXPAND_DIMS: "ExpandDimsOptions",
    BuiltinOperator.FULLY_CONNECTED: "FullyConnectedOptions",
    BuiltinOperator.MAX_POOL_2D: "Pool2DOptions",
    BuiltinOperator.MEAN: "ReducerOptions",
    BuiltinOperator.MUL: "MulOptions",
    BuiltinOperator.PAD: "PadOptions",
    BuiltinOperator.PADV2: "PadV2Options",
    BuiltinOperator.QUANTIZE: "QuantizeOptions",
    BuiltinOperator.RESHAPE: "ReshapeOptions",
    BuiltinOperator.SOFTMAX: "SoftmaxOptions",
    BuiltinOperator.SQUEEZE: "SqueezeOptions",
    BuiltinOperator.SUB: "SubOptions",
    BuiltinOperator.TRANSPOSE: "TransposeOptions",
}
"""The table of options of an operator; the others have none."""


class TFLiteModel:
    """Tensors and operators in the order in which they are added.

    >>> model = TFLiteModel()
    >>> x = model.tensor("x", (1, 4), np.int8, 0.5, -3)
    >>> y = model.tensor("y", (1, 4), np.int8, 0.5, -3)
    >>> model.operator(BuiltinOperator.RELU, [x], [y])
    >>> data = model.bytes([x], [y])
    """

    def __init__(self):
        self._tensors = []
        self._operators = []
        self._codes = []

    def tensor(
        self, name, shape, dtype, scale=None, zero_point=0, *, axis=0, data=None, signature=None
    ):
        """Add a tensor and return its index.

        Scale and zero point are a number each, or one per channel along the axis; without a scale
        it is not quantized. Constants have data. A signature is the shape with -1 for a dimension
        that may be resized.
        """
        if data is not None:
            data = np.asarray(data, dtype)
            assert data.shape == tuple(shape), f"{name}: {data.shape} is not {shape}"
        quantization = None
        if scale is not None:
            scales = np.atleast_1d(np.asarray(scale, np.float32))
            zero_points = np.broadcast_to(np.asarray(zero_point, np.int64), scales.shape)
            quantization = (scales, zero_points, axis)
        self._tensors.append((name, tuple(shape), np.dtype(dtype), quantization, data, signature))
        return len(self._tensors) - 1

    def operator(self, code, inputs, outputs, *, version=1, options=None, custom=None, **fields):
        """Add a node: a `BuiltinOperator` with the indices of its tensors, -1 for an absent one.

        The fields are those of the operator's table of options, under the names that the package
        `tflite` gives them (`StrideW=2`); `options` names another table, or "" for none. A custom
        operator has a name.
        """
        key = (code, version, custom)
        if key not in self._codes:
            self._codes.append(key)
        table = OPTIONS.get(code, "") if options is None else options
        assert table or not fields, f"there are no options for {sorted(fields)}"
        self._operators.append((self._codes.index(key), list(inputs), list(outputs), table, fields))

    def bytes(self, inputs, outputs):
        """The file, with these tensors (indices) as inputs and outputs of the model."""
        builder = flatbuffers.Builder(1024)
        buffers = [_table(builder, "Buffer")]  # number 0 is empty: that of what is no constant
        tensors = []
        for tensor in self._tensors:
            data = tensor[4]
            if data is not None:
                buffers.append(_table(builder, "Buffer", Data=_bytes(builder, data.tobytes())))
            tensors.append(_tensor(builder, tensor, 0 if data is None else len(buffers) - 1))
        graph = _table(
            builder,
            "SubGraph",
            Tensors=_offsets(builder, tensors),
            Inputs=_vector(builder, inputs, np.int32),
            Outputs=_vector(builder, outputs, np.int32),
            Operators=_offsets(builder, [_operator(builder, *node) for node in self._operators]),
            Name=builder.CreateString("main"),
        )
        model = _table(
            builder,
            "Model",
            Version=3,
            OperatorCodes=_offsets(builder, [_code(builder, *code) for code in self._codes]),
            Subgraphs=_offsets(builder, [graph]),
            Description=builder.CreateString("made by a test"),
            Buffers=_offsets(builder, buffers),
        )
        builder.Finish(model, file_identifier=b"TFL3")
        return bytes(builder.Output())


def _tensor(builder, tensor, buffer):
    name, shape, dtype, quantization, _, signature = tensor
    fields = {
        "Shape": _vector(builder, shape, np.int32),
        "Type": TYPES[dtype],
        "Buffer": buffer,
        "Name": builder.CreateString(name),
    }
    if quantization is not None:
        scales, zero_points, axis = quantization
        fields["Quantization"] = _table(
            builder,
            "QuantizationParameters",
            Scale=_vector(builder, scales, np.float32),
            ZeroPoint=_vector(builder, zero_points, np.int64),
            QuantizedDimension=axis,
        )
    if signature is not None:
        fields["ShapeSignature"] = _vector(builder, signature, np.int32)
    return _table(builder, "Tensor", **fields)


def _operator(builder, code, inputs, outputs, table, fields):
    written = {
        "OpcodeIndex": code,
        "Inputs": _vector(builder, inputs, np.int32),
        "Outputs": _vector(builder, outputs, np.int32),
    }
    if table:
        vectors = {
            name: _vector(builder, value, np.int32)
            for name, value in fields.items()
            if isinstance(value, (list, tuple))
        }
        written["BuiltinOptionsType"] = getattr(BuiltinOptions, table)
        written["BuiltinOptions"] = _table(builder, table, **{**fields, **vectors})
    return _table(builder, "Operator", **written)


def _code(builder, code, version, custom):
    fields = {"DeprecatedBuiltinCode": min(code, 127), "BuiltinCode": code, "Version": version}
    if custom is not None:
        fields["CustomCode"] = builder.CreateString(custom)
    return _table(builder, "OperatorCode", **fields)


def _table(builder, name, **fields):
    """Write a table; tables, vectors and strings in it are offsets of what is written already."""
    module = import_module(f"tflite.{name}")
    getattr(module, f"{name}Start")(builder)
    for field, value in fields.items():
        getattr(module, f"{name}Add{field}")(builder, value)
    return getattr(module, f"{name}End")(builder)


def _vector(builder, values, dtype):
    return builder.CreateNumpyVector(np.asarray(list(values), dtype))


def _offsets(builder, offsets):
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return builder.EndVector()


def _bytes(builder, data):
    """Bytes that begin at a multiple of 16, which the runtime demands of a constant."""
    builder.Prep(16, len(data))
    return builder.CreateByteVector(data)
