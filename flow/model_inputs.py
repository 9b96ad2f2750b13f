"""Inputs of a deployed model: read from files, or drawn from a seed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from flow.errors import UserError, user_input
from flow.files import FileKind, read_array
from flow.word_format import WordFormat
from golden.kernels.kernel_set import KernelSet, Values, evaluate
from golden.model import Model, Node, Tensor
from golden.operators import Quantize

__all__ = ["draw_model_inputs", "quantized_input", "read_model_inputs"]

EXTREMES = (-128, -127, -1, 0, 1, 126, 127)
"""What an eighth of the drawn integers is chosen from; 128 more where the type is unsigned."""


def read_model_inputs(model: Model, files: Sequence[str], kernels: KernelSet) -> Values:
    """Return the inputs of a model from files, each NAME=FILE or, for an only input, FILE.

    Integers of the tensor's type are taken as they are. Real numbers for an integer tensor are
    quantized with its scale and zero point as `kernels` quantize. A file may hold one image
    without the dimension of the batch, or a whole multiple of the batch.

    Raises
    ------
    UserError
        A file cannot be read or does not suit its input, or an input has no file.
    """
    inputs: Values = {}
    for given in files:
        name, separator, path = given.rpartition("=")
        if not separator and len(model.inputs) == 1:
            name = model.inputs[0]
        if name not in model.inputs:
            raise UserError(
                f"--input {given} must be NAME=FILE, NAME one of {', '.join(model.inputs)}"
            )
        inputs[name] = _read_one(model.tensors[name], Path(path), kernels, model)
    for name in model.inputs:
        if name not in inputs:
            raise UserError(
                f"input {name} is missing; give --input {name}=FILE, "
                f"{_described(model.tensors[name])}"
            )
    return inputs


def quantized_input(
    model: Model, name: str, values: npt.NDArray[Any], kernels: KernelSet
) -> npt.NDArray[Any]:
    """Return float32 values as the integers of an input, by the kernel set's rule.

    Raises ValueError if the input has no scale or the kernel set does not quantize to its type.
    """
    tensor = model.tensors[name]
    if tensor.quantization is None:
        raise ValueError(f"input {name} has no scale to quantize real numbers with")
    real = Tensor(f"{name} before Quantize", values.shape, np.dtype(np.float32))
    target = Tensor(name, values.shape, tensor.dtype, tensor.quantization)
    node = Node("Quantize", Quantize(), (real.name,), (name,))
    tensors = {real.name: real, name: target}
    small = Model(tensors, (node,), (real.name,), (name,), model.layout)
    return evaluate(small, {real.name: values.astype(np.float32)}, kernels)[name]


def draw_model_inputs(model: Model, seed: int, images: int = 1) -> Values:
    """Return random inputs of `images` batches, weighted to the ends of the type and around 0."""
    rng = np.random.default_rng(seed)
    inputs: Values = {}
    for name in model.inputs:
        tensor = model.tensors[name]
        shape = (images * tensor.shape[0], *tensor.shape[1:]) if tensor.shape else ()
        inputs[name] = _drawn(rng, shape, tensor.dtype)
    return inputs


def _drawn(
    rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> npt.NDArray[Any]:
    if dtype.kind == "f":
        return rng.standard_normal(shape).astype(dtype)
    info = np.iinfo(dtype)
    values = rng.integers(info.min, info.max, shape, endpoint=True)
    edges = np.array(EXTREMES) - (0 if info.min < 0 else -128)
    return np.where(rng.random(shape) < 1 / 8, rng.choice(edges, shape), values).astype(dtype)


def _read_one(tensor: Tensor, path: Path, kernels: KernelSet, model: Model) -> npt.NDArray[Any]:
    fmt = None if FileKind.of(path).is_typed else WordFormat.of(tensor.dtype)
    values = _batched(tensor, path, read_array(path, fmt))
    if values.dtype == tensor.dtype:
        return values
    if values.dtype.kind == "f":
        if not np.isfinite(values).all():
            raise UserError(f"{path} holds a NaN or an infinity; an input has numbers only")
        if tensor.dtype.kind == "f":
            return values.astype(tensor.dtype)
        with user_input(str(path)):
            return quantized_input(model, tensor.name, values, kernels)
    if tensor.dtype.kind in "iu" and FileKind.of(path) is FileKind.CSV:
        info = np.iinfo(tensor.dtype)
        if info.min <= values.min() and values.max() <= info.max:
            return values.astype(tensor.dtype)
    raise UserError(
        f"{path} holds {values.dtype}, and the input is {_described(tensor)}; convert it"
    )


def _batched(tensor: Tensor, path: Path, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The values with the dimension of the batch, a multiple of the model's."""
    batch = tensor.shape[:1]
    if values.shape == tensor.shape:
        return values
    if values.shape == tensor.shape[1:] and batch == (1,):
        return values[None]
    untyped = values.ndim == 1 or (FileKind.of(path) is FileKind.CSV and len(tensor.shape) > 2)
    if FileKind.of(path) is not FileKind.NPY and untyped and values.size % tensor.size == 0:
        return values.reshape(-1, *tensor.shape[1:])
    fits = batch and values.ndim and values.shape[1:] == tensor.shape[1:]
    if not fits or len(values) % batch[0]:
        raise UserError(
            f"{path} has the shape {_times(values.shape)}, and the input is {_described(tensor)}, "
            "or a multiple of its first dimension"
        )
    return values


def _described(tensor: Tensor) -> str:
    kind = str(tensor.dtype)
    if tensor.dtype.kind in "iu" and tensor.quantization is not None:
        kind = f"{kind} or float32"
    return f"{kind}, {_times(tensor.shape)}"


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "one number"
