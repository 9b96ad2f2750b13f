"""What is done to a whole model: tracing, batch-norm folding, calibration."""

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor, fx, nn

from flow.qat.layers import ActivationQuantizer, QuantConv2d, WeightedLayer
from flow.qat.quantizer import FakeQuantizer, Mode

__all__ = ["calibrate", "connect", "fold_batch_norms", "set_mode", "source_quantizer", "trace"]

KEEPS_CODES = (nn.MaxPool2d, nn.Flatten, nn.Dropout, nn.Identity)
"""Modules whose output has the quantization of their input."""


class _Tracer(fx.Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Whether it is one step of the graph."""
        ours = isinstance(m, (FakeQuantizer, WeightedLayer))
        return ours or super().is_leaf_module(m, module_qualified_name)


def trace(model: nn.Module) -> fx.Graph:
    """Return the graph of a model's steps; ValueError if its forward depends on the data."""
    try:
        return _Tracer().trace(model)
    except fx.proxy.TraceError as error:
        raise ValueError(
            f"the model's forward must be the same steps for all data, and: {error}"
        ) from error


def source_quantizer(model: nn.Module, node: fx.Node) -> ActivationQuantizer | None:
    """Return the quantizer whose codes a node's output has, None if it has none."""
    while node.op == "call_module":
        module = model.get_submodule(str(node.target))
        if isinstance(module, ActivationQuantizer):
            return module
        if not isinstance(module, KEEPS_CODES):
            return None
        node = node.all_input_nodes[0]
    return None


def connect(model: nn.Module) -> None:
    """Tell every weighted layer the quantizer of its input, in whose steps its bias is counted.

    `calibrate` and `set_mode` call it. Raises ValueError, naming the layers, for those that read a
    tensor that is not quantized, or for a layer or quantizer that is used twice.
    """
    lost, seen = [], set()
    for node, module in _modules(model):
        if isinstance(module, (WeightedLayer, FakeQuantizer)):
            if node.target in seen:
                raise ValueError(f"{node.target} is used twice: make a module for each use")
            seen.add(node.target)
        if isinstance(module, WeightedLayer):
            found = source_quantizer(model, node.all_input_nodes[0])
            if found is None:
                lost.append(str(node.target))
            else:
                module.read_from(found)
    if lost:
        raise ValueError(f"put a quantizer before {', '.join(lost)}")


def calibrate(model: nn.Module, batches: Iterable[Tensor]) -> None:
    """Give every quantizer its first scale and zero point, and set the model to quantize.

    Activations get the range that the rule of their recipe finds in what the batches cause in the
    float network, all of which is kept in memory until then; weights that of their values.
    Raises ValueError for a layer that reads what is not quantized, or no batches.
    """
    connect(model)
    quantizers = [m for m in model.modules() if isinstance(m, ActivationQuantizer)]
    training = model.training
    model.eval()
    for module in model.modules():
        if isinstance(module, FakeQuantizer):
            module.mode = Mode.OBSERVE if module in quantizers else Mode.FLOAT
    with torch.no_grad():
        for batch in batches:
            model(batch)
    model.train(training)
    for quantizer in quantizers:
        if not quantizer.observed:
            raise ValueError("calibration needs at least one batch, not none")
        quantizer.initialize_from_observed()
    for module in model.modules():
        if isinstance(module, WeightedLayer):
            module.weight_quantizer.initialize_from([module.weight])
    set_mode(model, Mode.QUANTIZE)


def set_mode(model: nn.Module, mode: Mode) -> None:
    """Set the mode of all quantizers; ValueError for one to quantize that has no scale."""
    named = [(name, m) for name, m in model.named_modules() if isinstance(m, FakeQuantizer)]
    if mode is Mode.QUANTIZE:
        connect(model)
        bare = [name for name, quantizer in named if not quantizer.initialized]
        if bare:
            raise ValueError(f"calibrate the model first: no scale yet in {', '.join(bare)}")
    for _, quantizer in named:
        quantizer.mode = mode


@torch.no_grad()
def fold_batch_norms(model: nn.Module) -> None:
    """Put each `nn.BatchNorm2d` that alone reads a `QuantConv2d` into it, by running statistics.

    What is left in its place is `nn.Identity`. The factor of a channel goes into its weights,
    before they are quantized. Call it on a trained float model, before `calibrate`.
    """
    for node, norm in list(_modules(model)):
        if not isinstance(norm, nn.BatchNorm2d):
            continue
        before = node.all_input_nodes[0]
        layer = model.get_submodule(str(before.target)) if before.op == "call_module" else None
        if not isinstance(layer, QuantConv2d) or len(before.users) != 1:
            raise ValueError(f"{node.target} must alone read a QuantConv2d to be folded into it")
        if norm.running_mean is None or norm.running_var is None:
            raise ValueError(f"{node.target} must have running statistics to be folded")
        factor = torch.rsqrt(norm.running_var + norm.eps)
        shift = -norm.running_mean
        if layer.bias is not None:
            shift = shift + layer.bias
        if norm.affine:
            factor = factor * norm.weight
        layer.weight.mul_(factor.reshape(-1, 1, 1, 1))
        bias = shift * factor + (norm.bias if norm.affine else 0.0)
        layer.bias = nn.Parameter(bias)
        _replace(model, str(node.target), nn.Identity())


def _modules(model: nn.Module) -> Iterator[tuple[fx.Node, nn.Module]]:
    for node in trace(model).nodes:
        if node.op == "call_module":
            yield node, model.get_submodule(str(node.target))


def _replace(model: nn.Module, target: str, module: Any) -> None:
    parent, _, name = target.rpartition(".")
    setattr(model.get_submodule(parent), name, module)
