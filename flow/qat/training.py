"""A training loop for small classifiers: deterministic, on one thread."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from flow.qat.quantizer import FakeQuantizer, Step
from flow.training import Schedule

__all__ = ["one_thread", "predict", "train"]

_STEP_RATE = 0.1
"""Of a learned scale, of the learning rate of the weights, times the scale."""


def train(model: nn.Module, images: Tensor, labels: Tensor, schedule: Schedule) -> None:
    """Train a model in place: cross-entropy, Adam, the learning rate falling along a half cosine.

    Adam's steps know no unit, so each learned scale has a learning rate in proportion to itself.
    The same model and arguments give the same result on the same machine.
    """
    learned = [
        m.scale
        for m in model.modules()
        if isinstance(m, FakeQuantizer) and m.recipe.step is Step.LEARNED and m.initialized
    ]
    chosen = {id(scale) for scale in learned}
    others = [p for p in model.parameters() if id(p) not in chosen]
    groups = [{"params": others, "factor": 1.0}] + [
        {"params": [scale], "factor": _STEP_RATE * float(scale.detach().mean())}
        for scale in learned
    ]
    optimizer = torch.optim.Adam(groups)
    model.train()
    with one_thread():
        for epoch in range(schedule.epochs):
            for rate, batch in schedule.batches(epoch, len(images)):
                for group in optimizer.param_groups:
                    group["lr"] = rate * group["factor"]
                index = torch.from_numpy(batch)
                loss = functional.cross_entropy(model(images[index]), labels[index])
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
    model.eval()


@torch.no_grad()
def predict(model: nn.Module, images: Tensor) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The class with the largest output for each image."""
    model.eval()
    with one_thread():
        found: np.ndarray[tuple[int], np.dtype[np.int64]] = model(images).argmax(dim=1).numpy()
    return found


@contextmanager
def one_thread() -> Iterator[None]:
    """Within, PyTorch has one thread: small products only wait for each other on more."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
