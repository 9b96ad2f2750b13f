"""The integers that the float values of a model stand for, to compare them with its file's."""

from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from flow.qat.layers import ActivationQuantizer
from flow.qat.model import trace
from golden.quantize import quantize

__all__ = ["activation_codes"]

Codes = np.ndarray[Any, np.dtype[np.integer[Any]]]


@torch.no_grad()
def activation_codes(model: nn.Module, x: Tensor) -> dict[str, Codes]:
    """Return the codes that each activation quantizer writes for an input.

    They have the names of the tensors in the exported file. The products in between are float32,
    so that a code may be one off that of the integer network where the sum is next to a tie.
    """
    codes: dict[str, Codes] = {}
    hooks = []
    for node in trace(model).nodes:
        module = model.get_submodule(str(node.target)) if node.op == "call_module" else None
        if isinstance(module, ActivationQuantizer):
            keep = partial(_keep, codes, f"{node.name}.quantize")
            hooks.append(module.register_forward_hook(keep))
    try:
        model(x)
    finally:
        for hook in hooks:
            hook.remove()
    return codes


def _keep(
    codes: dict[str, Codes], name: str, module: ActivationQuantizer, read: Any, output: Tensor
) -> None:
    codes[name] = quantize(output.detach().cpu().numpy(), module.quantization)
