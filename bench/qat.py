"""Digits read right with weights of few bits: quantized after training, and trained through it.

Each network is exported and computed in integers by golden's kernel set `onnxruntime`. It has 4 and
8 channels, few enough for weights of 4 bits to cost something. A float network is trained for 30
epochs, then trained on for 10: in float32 for what is quantized after training, so that all have
seen the images as often. Needs `lastbit[torch]`.
"""

import time
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any

import numpy as np

from bench.timing import print_table
from golden.formats import IntegerFormat
from golden.kernels.kernel_set import evaluate
from golden.kernels.onnxruntime import ONNXRUNTIME

SEEDS = range(5)
BITS = (8, 4, 3)
CHANNELS = 4


@dataclass(frozen=True)
class Trial:
    """One quantized network on the held-out images.

    Parameters
    ----------
    method : how it came to be
    bits : of its weights
    right : images read right by the integers
    seconds : of a processor that its quantization-aware training took
    elements, differences : activations, and those of them that PyTorch rounds otherwise
    """

    method: str
    bits: int
    right: int
    seconds: float = 0.0
    elements: int = 0
    differences: int = 0


def run() -> None:
    """Print the table."""
    if find_spec("torch") is None:
        print("skipped: PyTorch is missing, pip install lastbit[torch]")
        return
    found = [trial for seed in SEEDS for trial in trials(seed, bits=BITS)]
    methods = list(dict.fromkeys(trial.method for trial in found))
    rows = []
    for bits in (0, *BITS):
        for method in methods:
            right = [trial.right for trial in found if (trial.method, trial.bits) == (method, bits)]
            if right:
                weights = f"int{bits}" if bits else "float32"
                shown = f"{np.mean(right) / 3.6:.2f}", f"{min(right) / 3.6:.2f}"
                rows.append([weights, method, *shown, f"{max(right) / 3.6:.2f}"])
    print_table(["weights", "method", "mean %", "least %", "most %"], rows)
    elements = sum(trial.elements for trial in found)
    differences = sum(trial.differences for trial in found)
    print(f"activations that PyTorch rounds otherwise than golden: {differences} of {elements}")
    print(
        f"quantization-aware training of 10 epochs: at most {max(t.seconds for t in found):.1f} s"
    )


def trials(
    seed: int, *, bits: tuple[int, ...], epochs: int = 30, tuning: int = 10
) -> Iterator[Trial]:
    """Train one float network, quantize it in every way."""
    import torch

    from flow.digits import load_digits
    from flow.qat.digits import DigitsNetwork, digit_tensors
    from flow.qat.model import calibrate
    from flow.qat.quantizer import ACTIVATIONS, WEIGHTS, Step
    from flow.qat.training import predict, train
    from flow.training import Schedule
    from golden.ranges import RangeRule

    data, held_out = load_digits()
    images, labels = digit_tensors(data)
    torch.manual_seed(seed)
    start = DigitsNetwork(channels=CHANNELS)
    train(start, images, labels, Schedule(epochs=epochs, learning_rate=5e-3, seed=seed))
    fine = Schedule(epochs=tuning, learning_rate=2e-3, seed=seed + 1)
    longer = deepcopy(start)
    train(longer, images, labels, fine)
    found = predict(longer, digit_tensors(held_out)[0])
    yield Trial("float", 0, int(np.sum(found == held_out.labels)))
    mse = RangeRule.MEAN_SQUARED_ERROR
    for width in bits:
        weights = replace(WEIGHTS, format=IntegerFormat(width, signed=True))
        learned = replace(weights, step=Step.LEARNED, rule=mse)
        methods: dict[str, tuple[Any, Any, Any]] = {
            "post-training, min-max": (longer, weights, None),
            "post-training, least squares": (longer, replace(weights, rule=mse), None),
            "straight-through": (start, weights, fine),
            "learned step": (start, learned, fine),
        }
        for method, (source, recipe, schedule) in methods.items():
            step = Step.LEARNED if recipe is learned else Step.FIXED
            model = DigitsNetwork(recipe, replace(ACTIVATIONS, step=step), channels=CHANNELS)
            model.load_state_dict(_floats(source), strict=False)
            calibrate(model, [images])
            began = time.process_time()
            if schedule:
                train(model, images, labels, schedule)
            seconds = time.process_time() - began
            right, elements, differences = _integers(model.eval(), held_out)
            yield Trial(method, width, right, seconds, elements, differences)


def _floats(model: Any) -> dict[str, Any]:
    """The weights and biases, without the scales."""
    parts = model.state_dict().items()
    return {name: value for name, value in parts if name.endswith((".weight", ".bias"))}


def _integers(model: Any, data: Any) -> tuple[int, int, int]:
    """Images read right by the exported file, activations, and how many PyTorch has otherwise."""
    from flow.onnx_reader import read_onnx
    from flow.qat.digits import digit_tensors
    from flow.qat.export import export_onnx
    from flow.qat.integers import activation_codes

    images, labels = digit_tensors(data)
    imported = read_onnx(export_onnx(model, tuple(images.shape)).SerializeToString())
    values = evaluate(imported, {"input": images.numpy()}, ONNXRUNTIME)
    right = int(np.sum(values[imported.outputs[0]].argmax(axis=1) == labels.numpy()))
    expected = activation_codes(model, images)
    differences = sum(np.count_nonzero(values[name] != codes) for name, codes in expected.items())
    return right, sum(codes.size for codes in expected.values()), int(differences)
