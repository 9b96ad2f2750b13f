"""Broken .onnx files: bytes changed at random, and structures by onnx's own classes."""

import numpy as np
import onnx
from onnx import AttributeProto, helper

NUMBERS = (0, 1, -1, 2, 3, 5, 127, 255, 256, 65536, 2**31 - 1, -(2**31), 2**32, 2**62, 2**63 - 1,
           -(2**63))  # fmt: skip
REALS = (0.0, -0.0, 1.0, -1.0, 1e-45, 3e38, float("inf"), -float("inf"), float("nan"))
OPERATORS = ("Conv", "Gemm", "MatMul", "Add", "Relu", "Clip", "Concat", "MaxPool", "AveragePool",
             "Reshape", "Transpose", "Pad", "Flatten", "Squeeze", "Softmax", "ReduceMean",
             "Identity",
             "Constant", "Shape", "Gather", "Slice", "Cast", "If", "BatchNormalization", "Nothing",
             "QuantizeLinear", "DequantizeLinear", "QLinearConv", "QLinearMatMul",
             "GlobalAveragePool", "Unsqueeze", "QGemm", "QLinearAdd", "QLinearConcat",
             "QLinearSoftmax", "QLinearAveragePool")  # fmt: skip
ATTRIBUTES = ("axis", "axes", "pads", "strides", "dilations", "group", "kernel_shape", "auto_pad",
              "ceil_mode", "perm", "transB", "transA", "alpha", "beta", "keepdims", "to", "value",
              "block_size", "allowzero", "start", "end", "channels_last", "opset", "mode", "min",
              "max", "output_dtype", "count_include_pad")  # fmt: skip


def broken_bytes(data, other, random):
    """A copy with some bits, bytes or stretches changed, cut off or taken from another file."""
    result = bytearray(data)
    for _ in range(random.choice((1, 1, 1, 2, 4, 16))):
        at = int(random.integers(len(result))) if result else 0
        length = int(random.choice((1, 2, 4, 8, 64, 512)))
        match random.integers(-6, 7):
            case -6 | -5 | -4 | -3 | 0 if result:
                result[at] ^= 1 << int(random.integers(8))
            case -2 | -1 | 1 if result:
                result[at] = int(random.choice((0, 1, 2, 7, 127, 128, 255)))
            case 2:
                del result[at:]
            case 3:
                del result[at : at + length]
            case 4:
                result[at:at] = random.bytes(length)
            case 5:
                start = int(random.integers(len(other)))
                result[at:at] = other[start : start + length]
            case 6:
                result[at : at + length] = result[at : at + length] * 2
    return bytes(result)


def broken_structure(data, other, random):
    """A copy that still parses, with nodes, names, types, shapes or attributes changed."""
    model, spare = onnx.load_from_string(data), onnx.load_from_string(other)
    for _ in range(random.choice((1, 1, 2, 3, 8))):
        change = CHANGES[random.integers(len(CHANGES))]
        change(model.graph, spare.graph, random)
    if random.random() < 0.03:
        model.opset_import[0].version = int(random.choice(NUMBERS))
    return model.SerializeToString()


def _pick(items, random):
    return items[int(random.integers(len(items)))]


def _drop(graph, _, random):
    items = _pick((graph.node, graph.node, graph.initializer, graph.input, graph.output), random)
    if items:
        del items[int(random.integers(len(items)))]


def _repeat(graph, spare, random):
    source = _pick((graph, graph, spare), random)
    kind = _pick(("node", "node", "initializer", "input", "output"), random)
    if getattr(source, kind):
        getattr(graph, kind).append(_pick(getattr(source, kind), random))


def _swap(graph, _, random):
    if graph.node:
        a, b = _pick(graph.node, random), _pick(graph.node, random)
        if a.output and b.output:
            a.output[0], b.output[0] = b.output[0], a.output[0]


def _rewire(graph, _, random):
    names = [name for node in graph.node for name in (*node.input, *node.output)]
    names += ["", "nowhere", "a" * 5000, "line\nbreak"]
    if graph.node:
        node = _pick(graph.node, random)
        ends = _pick((node.input, node.input, node.output), random)
        if ends:
            ends[int(random.integers(len(ends)))] = _pick(names, random)
        elif random.random() < 0.5:
            ends.append(_pick(names, random))


def _shorten(graph, _, random):
    if graph.node:
        node = _pick(graph.node, random)
        ends = _pick((node.input, node.input, node.output), random)
        del ends[int(random.integers(len(ends) + 1)) :]


def _rename(graph, _, random):
    if graph.node:
        node = _pick(graph.node, random)
        node.op_type = _pick(OPERATORS, random)
        node.domain = _pick(("", "", "com.microsoft", "ai.onnx", "other"), random)


def _value(random):
    count = int(random.integers(6))
    return _pick(
        (
            int(random.choice(NUMBERS)),
            [int(random.choice(NUMBERS)) for _ in range(count)],
            [int(random.integers(-2, 4)) for _ in range(count)],
            int(random.integers(-2, 6)),
            float(random.choice(REALS)),
            [float(random.choice(REALS)) for _ in range(count)],
            _pick(("SAME_UPPER", "SAME_LOWER", "VALID", "reflect", "x"), random),
            [0] * 5000,
        ),
        random,
    )


def _attribute(graph, _, random):
    if not graph.node:
        return
    node = _pick(graph.node, random)
    names = [attribute.name for attribute in node.attribute] or list(ATTRIBUTES)
    name = _pick(names if random.random() < 0.7 else ATTRIBUTES, random)
    value = _value(random)
    if random.random() < 0.9:
        kept = [attribute for attribute in node.attribute if attribute.name != name]
        del node.attribute[:]
        node.attribute.extend(kept)
    if value != []:
        node.attribute.append(helper.make_attribute(name, value))
    else:
        node.attribute.append(AttributeProto(name=name, type=int(random.integers(15))))


def _constant(graph, _, random):
    if not graph.initializer:
        return
    tensor = _pick(graph.initializer, random)
    match random.integers(6):
        case 0:
            tensor.data_type = int(random.integers(0, 24))
        case 1 if tensor.dims:
            tensor.dims[int(random.integers(len(tensor.dims)))] = int(random.choice(NUMBERS))
        case 2:
            tensor.dims.extend([1] * int(random.choice((1, 2, 100))))
        case 3:
            tensor.raw_data = tensor.raw_data[: int(random.integers(len(tensor.raw_data) + 1))]
        case 4 if tensor.data_type == onnx.TensorProto.FLOAT and len(tensor.raw_data) >= 4:
            reals = np.frombuffer(tensor.raw_data, "<f4").copy()
            reals[random.integers(len(reals))] = random.choice(REALS)
            tensor.raw_data = reals.tobytes()
        case 5:
            tensor.raw_data = random.bytes(len(tensor.raw_data))


def _information(graph, _, random):
    items = _pick((graph.input, graph.output), random)
    if not items:
        return
    kind = _pick(items, random).type.tensor_type
    match random.integers(4):
        case 0:
            kind.elem_type = int(random.integers(0, 24))
        case 1 if kind.shape.dim:
            _pick(kind.shape.dim, random).dim_value = int(random.choice(NUMBERS))
        case 2 if kind.shape.dim:
            _pick(kind.shape.dim, random).dim_param = "N"
        case 3:
            kind.shape.dim.add(dim_value=int(random.choice((1, 2, 1 << 40))))


CHANGES = (_drop, _repeat, _swap, _rewire, _rewire, _shorten, _rename, _attribute, _attribute,
           _constant, _constant, _information)  # fmt: skip
