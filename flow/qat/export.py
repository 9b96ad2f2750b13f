"""From a trained model to an ONNX file in the QDQ form, opset 13.

Every quantizer becomes QuantizeLinear and DequantizeLinear. Weights are int8 codes with zero point
0, of whatever width; a bias is int32 in steps of input scale times weight scale. ONNX Runtime
computes the file with integers where it fuses a layer with the quantizers around it.
"""

from pathlib import Path

import onnx
from onnx import ModelProto, TensorProto, helper
from torch import fx, nn

from flow.atomic import atomic_write_bytes
from flow.qat.layers import ActivationQuantizer, WeightedLayer
from flow.qat.model import KEEPS_CODES, connect, source_quantizer, trace
from flow.qat.onnx_nodes import GraphWriter
from flow.qat.quantizer import FakeQuantizer, Mode

__all__ = ["OPSET", "export_onnx", "save_onnx"]

OPSET = 13
"""The first with a scale for each channel."""

_IR_VERSION = 8
_COMPUTES = (WeightedLayer, nn.AvgPool2d, nn.AdaptiveAvgPool2d)
"""Modules whose output is to be quantized before anything else reads it."""


def export_onnx(model: nn.Module, input_shape: tuple[int, ...]) -> ModelProto:
    """Return the model as ONNX, checked; inputs and outputs are float32.

    Parameters
    ----------
    model
        Calibrated, in `Mode.QUANTIZE`.
    input_shape
        (batch, channels, height, width) or (batch, inputs).

    Raises ValueError, naming all of them, for what has no place in an int8 network: a module of
    another kind, a tensor that should have been quantized and is not, activations of other than 8
    bits, weights with a zero point.
    """
    connect(model)
    graph = trace(model)
    problems = [f"{node.name} {why}" for node in graph.nodes for why in _problems(model, node)]
    if problems:
        raise ValueError("the model has no int8 form: " + "; ".join(problems))
    writer = GraphWriter()
    result = ""
    for node in graph.nodes:
        result = _write(writer, model, node)  # that of the output comes last
    made = helper.make_model(
        helper.make_graph(
            writer.nodes,
            "lastbit",
            [helper.make_tensor_value_info("input", TensorProto.FLOAT, input_shape)],
            [helper.make_tensor_value_info(result, TensorProto.FLOAT, None)],
            writer.constants,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=_IR_VERSION,
        producer_name="lastbit",
    )
    made = onnx.shape_inference.infer_shapes(made, check_type=True, strict_mode=True)
    onnx.checker.check_model(made, full_check=True)
    return made


def save_onnx(model: nn.Module, input_shape: tuple[int, ...], path: Path | str) -> None:
    """Write `export_onnx`'s model to a file, whole or not at all."""
    made = export_onnx(model, input_shape)
    with atomic_write_bytes(path) as file:
        file.write(made.SerializeToString())


def _write(writer: GraphWriter, model: nn.Module, node: fx.Node) -> str:
    """Write a step, and return the name of what it gives."""
    if node.op == "output":
        return writer.written[node.all_input_nodes[0].name]
    if node.op == "placeholder":
        return writer.input(node.name)
    inputs = [writer.written[before.name] for before in node.all_input_nodes]
    module = model.get_submodule(str(node.target))
    output = writer.module(node.name, module, inputs)
    if isinstance(module, KEEPS_CODES) and output not in inputs:
        quantizer = source_quantizer(model, node)
        assert quantizer is not None  # _problems has seen to it
        output = writer.quantized(node.name, output, quantizer)
    return output


def _problems(model: nn.Module, node: fx.Node) -> list[str]:
    if node.op == "placeholder":
        if node.prev.op == "placeholder":
            return ["is a second input, and the model is to have one"]
        return _unless(_all_quantize(model, node), "must be read by one quantizer alone")
    if node.op == "output":
        outputs = node.all_input_nodes
        good = len(outputs) == 1 and source_quantizer(model, outputs[0]) is not None
        return _unless(good, "must be one tensor out of a quantizer")
    if node.op != "call_module":
        called = getattr(node.target, "__name__", node.target)
        return [f"is a call of {called}, for which a module is needed"]
    module = model.get_submodule(str(node.target))
    if isinstance(module, ActivationQuantizer):
        return _quantizer_problems(module)
    why = GraphWriter.refusal(module)
    if why:
        return [why]
    free = isinstance(module, (nn.Identity, nn.Dropout))
    if not free and any(source_quantizer(model, n) is None for n in node.all_input_nodes):
        return ["reads a tensor that no quantizer has written"]
    if isinstance(module, WeightedLayer) and module.weight_quantization.zero_point.any():
        return ["has weights with a zero point: take symmetric weights"]
    needs = isinstance(module, _COMPUTES)
    return _unless(not needs or _all_quantize(model, node), "must be read by one quantizer alone")


def _all_quantize(model: nn.Module, node: fx.Node) -> bool:
    """Whether a quantizer alone reads a node, be it through modules that do nothing."""
    readers = [
        model.get_submodule(str(user.target)) if user.op == "call_module" else None
        for user in node.users
    ]
    if len(readers) == 1 and isinstance(readers[0], (nn.Identity, nn.Dropout)):
        return _all_quantize(model, next(iter(node.users)))
    return len(readers) == 1 and isinstance(readers[0], ActivationQuantizer)


def _quantizer_problems(quantizer: FakeQuantizer) -> list[str]:
    if quantizer.mode is not Mode.QUANTIZE or not quantizer.initialized:
        return ["is not calibrated"]
    bits = quantizer.recipe.format.bits
    return [
        *_unless(bits == 8, f"has activations of {bits} bits, and a file has only 8"),
        *_unless(not quantizer.recipe.narrow, "leaves a code out, and a file does not"),
    ]


def _unless(good: bool, why: str) -> list[str]:
    return [] if good else [why]
