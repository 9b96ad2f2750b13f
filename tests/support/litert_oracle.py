"""Runs a .tflite file in LiteRT and in golden, tensor by tensor."""

import warnings
from dataclasses import dataclass, field

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from flow.tflite_reader import read_tflite
from golden.kernels.kernel_set import evaluate
from golden.kernels.registry import KernelSets

__all__ = ["RESOLVERS", "Comparison", "LiteRtOracle", "compare"]

RESOLVERS = {
    KernelSets.LITERT: OpResolverType.BUILTIN,
    KernelSets.LITERT_REFERENCE: OpResolverType.BUILTIN_REF,
    KernelSets.LITERT_NO_DELEGATE: OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
}


class LiteRtOracle:
    """An interpreter of one kernel set that keeps every tensor; one thread."""

    def __init__(self, data, kernel_set):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of the memory that all tensors take
            self._interpreter = Interpreter(
                model_content=data,
                experimental_op_resolver_type=RESOLVERS[kernel_set],
                experimental_preserve_all_tensors=True,
                num_threads=1,
            )
        self._interpreter.allocate_tensors()
        self._names = {}
        for details in self._interpreter.get_tensor_details():
            index, name = details["index"], details["name"]
            self._names[index] = f"{name}#{index}" if name in self._names.values() else name
        self.delegated = {
            self._names[index]
            for operator in self._interpreter._get_ops_details()
            if operator["op_name"] == "DELEGATE"
            for index in operator["outputs"]
        }

    def run(self, inputs, names):
        """The tensors of these names, computed from arrays in the order of the model's inputs."""
        for details, value in zip(self._interpreter.get_input_details(), inputs, strict=True):
            self._interpreter.set_tensor(details["index"], value)
        self._interpreter.invoke()
        indices = {name: index for index, name in self._names.items()}
        return {name: self._interpreter.get_tensor(indices[name]) for name in names}


@dataclass
class Comparison:
    """How many elements were compared, how many differ by tensor, and what XNNPACK computed."""

    elements: int = 0
    differences: dict = field(default_factory=dict)
    delegated: set = field(default_factory=set)


def compare(data, batches, kernel_set):
    """Every tensor that nodes write, for each batch (a list of the model's inputs)."""
    model, oracle = read_tflite(data), LiteRtOracle(data, kernel_set)
    result = Comparison(delegated=oracle.delegated)
    for inputs in batches:
        golden = evaluate(model, dict(zip(model.inputs, inputs, strict=True)), kernel_set.kernels)
        runtime = oracle.run(inputs, model.activations)
        for name in model.activations:
            ours, theirs = golden[name], runtime[name]
            assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype), name
            differing = int((_bits(ours) != _bits(theirs)).sum())
            result.elements += ours.size
            if differing:
                result.differences[name] = result.differences.get(name, 0) + differing
    return result


def _bits(values):
    return values.view(np.int32) if values.dtype == np.float32 else values
