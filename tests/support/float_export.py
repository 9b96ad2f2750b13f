"""The demo's float network as an ONNX model, for what reads such models."""

import numpy as np
import onnx
from onnx import helper, numpy_helper

from flow import float_layers
from flow.network import INPUT


def onnx_of(network, *, softmax=False):
    """The float network as a model: the input (n, channels, y, x), the output "logits"."""
    nodes, constants = [], {}
    names = {INPUT: INPUT}
    for layer in network.layers:
        before = [names[name] for name in layer.inputs]
        output = layer.name.replace(" ", "_")
        names[layer.name] = output
        written = f"{output}_sum" if layer.relu else output
        inputs = [*before]
        for kind, array in zip(("w", "b"), network.parameters.get(layer.name, ()), strict=False):
            constants[f"{output}_{kind}"] = array
            inputs.append(f"{output}_{kind}")
        operator, attributes = _operator(layer, constants, inputs[1:])
        nodes.append(helper.make_node(operator, inputs, [written], output, **attributes))
        if layer.relu:
            nodes.append(helper.make_node("Relu", [written], [output], f"{output}_relu"))
    last = names[network.layers[-1].name]
    if softmax:
        nodes.append(helper.make_node("Softmax", [last], ["probabilities"], axis=1))
        last = "probabilities"
    y, x, channels = network.input_shape
    return model_of(nodes, constants, ["n", channels, y, x], last, input_name=INPUT)


def _operator(layer, constants, names):
    """The operator and its attributes; the weights are turned to ONNX's shape in their place."""
    window = getattr(layer, "window", None)
    attributes = {}
    if window is not None:
        (top, bottom), (left, right) = window.padding
        attributes = {"strides": window.stride, "pads": [top, left, bottom, right]}
    match layer:
        case float_layers.Convolution():
            constants[names[0]] = constants[names[0]].transpose(3, 2, 0, 1)
            return "Conv", attributes
        case float_layers.Depthwise():
            constants[names[0]] = constants[names[0]].transpose(2, 0, 1)[:, None]
            return "Conv", {**attributes, "group": len(constants[names[0]])}
        case float_layers.MaxPooling():
            return "MaxPool", {**attributes, "kernel_shape": window.kernel}
        case float_layers.AveragePooling():
            return "AveragePool", {**attributes, "kernel_shape": window.kernel}
        case float_layers.Add():
            return "Add", {}
        case float_layers.Flatten():
            return "Flatten", {}
        case float_layers.FullyConnected():
            # ONNX flattens channel by channel, the network pixel by pixel
            weights = constants[names[0]]
            pixels = len(weights) // 16
            order = np.arange(len(weights)).reshape(pixels, 16).T.reshape(-1)
            constants[names[0]] = weights[order]
            return "Gemm", {}
    raise TypeError(layer)


def model_of(nodes, constants, shape, output, *, input_name="x", opset=17, ir_version=8):
    """A checked model of nodes and constants with one input and one output."""
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "test",
        [info(input_name, onnx.TensorProto.FLOAT, shape)],
        [info(output, onnx.TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    opsets = [helper.make_opsetid("", opset)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=ir_version)
    model = onnx.shape_inference.infer_shapes(model)
    if not model.graph.output[0].type.tensor_type.HasField("shape"):
        model.graph.output[0].type.tensor_type.shape.dim.add()  # not inferred: of some length
    onnx.checker.check_model(model)
    return model
