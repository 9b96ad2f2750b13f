"""The runtimes that deployed models are made for: what they say every tensor is."""

import importlib.util
import warnings
from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from flow.errors import UserError
from golden.kernels.kernel_set import Values
from golden.kernels.registry import KernelSets
from golden.model import Model

__all__ = ["Runtime", "run_runtime"]


class Runtime(Enum):
    """A runtime: its module, its package, and what its models end in."""

    LITERT = ("ai_edge_litert", "ai-edge-litert", ".tflite")
    ONNXRUNTIME = ("onnxruntime", "onnxruntime", ".onnx")

    @classmethod
    def of(cls, path: Path) -> "Runtime":
        """That of a model."""
        for runtime in cls:
            if path.suffix.lower() == runtime.value[2]:
                return runtime
        raise ValueError(f"a model must end in .tflite or .onnx, not {path}")

    @property
    def missing(self) -> str | None:
        """How to install it; None if it is there."""
        module, package, _ = self.value
        if importlib.util.find_spec(module):
            return None
        return f"{package} is not installed (`pip install {package}`)"

    @property
    def kernels(self) -> tuple[KernelSets, ...]:
        """The kernel sets that it can compute by; the first one by default."""
        if self is Runtime.ONNXRUNTIME:
            return (KernelSets.ONNXRUNTIME,)
        return tuple(kernels for kernels in KernelSets if kernels is not KernelSets.ONNXRUNTIME)


def run_runtime(
    path: Path,
    model: Model,
    inputs: Mapping[str, npt.NDArray[Any]],
    kernels: KernelSets,
    *,
    on_batch: Callable[[], None] = lambda: None,
) -> Values:
    """Return the tensors of a model that its runtime shows, by the model's names.

    The images are computed a batch of the model at a time; `on_batch` is called after each.

    Raises
    ------
    UserError
        The runtime is not installed, does not have this kernel set, or refuses the model.
    """
    runtime = Runtime.of(path)
    if runtime.missing:
        raise UserError(runtime.missing)
    if kernels not in runtime.kernels:
        raise UserError(f"no runtime computes {path.name} by the kernel set {kernels.value}")
    run = _litert(path, model, kernels) if runtime is Runtime.LITERT else _onnxruntime(path, model)
    batches = []
    for first in range(0, _turns(model, inputs)):
        parts = {}
        for name in model.inputs:
            length = model.tensors[name].shape[0]
            parts[name] = inputs[name][first * length : (first + 1) * length]
        batches.append(run(parts))
        on_batch()
    return {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}


def _turns(model: Model, inputs: Mapping[str, npt.NDArray[Any]]) -> int:
    name = model.inputs[0]
    return len(inputs[name]) // model.tensors[name].shape[0]


def _litert(
    path: Path, model: Model, kernels: KernelSets
) -> Callable[[Mapping[str, npt.NDArray[Any]]], Values]:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    resolvers = {
        KernelSets.LITERT: OpResolverType.BUILTIN,
        KernelSets.LITERT_REFERENCE: OpResolverType.BUILTIN_REF,
        KernelSets.LITERT_NO_DELEGATE: OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    }
    try:
        with warnings.catch_warnings():
            # It says that keeping all tensors takes memory.
            warnings.simplefilter("ignore", UserWarning)
            interpreter = Interpreter(
                model_path=str(path),
                num_threads=1,
                experimental_op_resolver_type=resolvers[kernels],
                experimental_preserve_all_tensors=True,
            )
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise UserError(f"LiteRT refuses {path}: {error}") from error
    indices = _tensor_indices(interpreter.get_tensor_details())

    def run(inputs: Mapping[str, npt.NDArray[Any]]) -> Values:
        for name, values in inputs.items():
            interpreter.set_tensor(indices[name], values)
        interpreter.invoke()
        return {
            name: interpreter.get_tensor(indices[name])
            for name in model.activations
            if name in indices
        }

    return run


def _tensor_indices(details: list[dict[str, Any]]) -> dict[str, int]:
    """Indices by the names that `flow.tflite_reader` gives tensors."""
    indices: dict[str, int] = {}
    for detail in sorted(details, key=lambda detail: int(detail["index"])):
        name, index = str(detail["name"]), int(detail["index"])
        indices[f"{name}#{index}" if name in indices else name] = index
    return indices


def _onnxruntime(path: Path, model: Model) -> Callable[[Mapping[str, npt.NDArray[Any]]], Values]:
    import onnx
    import onnxruntime

    proto = onnx.load(path)
    known = {output.name for output in proto.graph.output}
    written = {name for node in proto.graph.node for name in node.output}
    names = [name for name in model.activations if name in written]
    proto.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names if name not in known)
    options = onnxruntime.SessionOptions()
    # Without it the operators of int8 models in QDQ form stay in float32.
    options.add_session_config_entry("session.qdqisint8allowed", "1")
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(
            proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # its exceptions have no common base
        raise UserError(f"ONNX Runtime refuses {path}: {error}") from error

    def run(inputs: Mapping[str, npt.NDArray[Any]]) -> Values:
        return dict(zip(names, session.run(names, dict(inputs)), strict=True))

    return run
