"""Rewriting a float graph into fewer operators that compute the same: what quantization expects.

A normalization, a constant added to each channel and the factors of a Gemm go into weights and
bias. The arithmetic is float64, rounded to float32 once for every node that is folded.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from flow.errors import user_input
from flow.onnx_float import AnyArray, FloatGraph, FloatNode

__all__ = ["fold"]

Doubles = npt.NDArray[np.float64]


def fold(graph: FloatGraph) -> FloatGraph:
    """Return the same network with fewer kinds of nodes.

    * BatchNormalization in the Conv or Gemm before it: with f = scale / sqrt(variance + epsilon),
      weights * f and (bias - mean) * f + shift;
    * a constant Add behind a Conv or Gemm in its bias;
    * MatMul of a matrix by constants as Gemm, every Gemm as A B + C with B (K, N) and C (N,);
    * ReduceMean over height and width as GlobalAveragePool;
    * Identity and Dropout left out.

    What does not fit a rule stays as it is. Raises UserError for constants whose shapes do not fit.
    """
    return _Folding(graph).result()


class _Folding:
    def __init__(self, graph: FloatGraph) -> None:
        self.graph = graph
        self.uses = graph.uses
        self.constants: dict[str, AnyArray] = dict(graph.constants)
        self.ranks: dict[str, int] = dict(graph.ranks)
        self.made: dict[str, FloatNode] = {}
        self.alias: dict[str, str] = {}

    def result(self) -> FloatGraph:
        rules: Mapping[str, Callable[[FloatNode], bool]] = {
            "Identity": self._leave_out,
            "Dropout": self._leave_out,
            "ReduceMean": self._pool,
            "MatMul": self._as_gemm,
            "Gemm": self._plain_gemm,
            "Add": self._into_bias,
            "BatchNormalization": self._normalize,
        }
        for node in self.graph.nodes:
            inputs = tuple(self.alias.get(name, name) for name in node.inputs)
            node = replace(node, inputs=inputs)
            rule = rules.get(node.operator)
            with user_input(f"node {node.name} ({node.operator})"):
                if rule is None or not rule(node):
                    self.made[node.outputs[0]] = node
        nodes = tuple(self.made.values())
        return replace(self.graph, nodes=nodes, constants=self.constants, ranks=self.ranks)

    def _leave_out(self, node: FloatNode) -> bool:
        trains = node.operator == "Dropout" and bool(np.any(self._constant(node.input(2), False)))
        output = node.outputs[0]
        if trains or output in self.graph.outputs:
            return False
        self.alias[output] = node.inputs[0]
        self.uses[node.inputs[0]] += self.uses[output] - 1
        return True

    def _pool(self, node: FloatNode) -> bool:
        axes = node.attributes.get("axes", self._constant(node.input(1), None))
        if self.ranks.get(node.inputs[0]) != 4 or axes is None:
            return False
        if sorted(int(axis) % 4 for axis in np.atleast_1d(axes)) != [2, 3]:
            return False
        keep = node.attributes.get("keepdims", 1)
        output = node.outputs[0]
        pooled = output if keep else self._fresh(f"{output}_kept")
        self.made[pooled] = FloatNode("GlobalAveragePool", node.name, node.inputs[:1], (pooled,))
        if not keep:
            name = f"{node.name}_flat"
            self.made[output] = FloatNode("Flatten", name, (pooled,), (output,), {"axis": 1})
            self.uses[pooled] = 1
        return True

    def _as_gemm(self, node: FloatNode) -> bool:
        right = self._constant(node.input(1), None)
        if right is None or right.ndim != 2 or self.ranks.get(node.inputs[0]) != 2:
            return False
        self.made[node.outputs[0]] = replace(node, operator="Gemm", attributes={})
        return True

    def _plain_gemm(self, node: FloatNode) -> bool:
        weights = self._constant(node.input(1), None)
        bias = self._constant(node.input(2), None)
        if (
            weights is None
            or weights.ndim != 2
            or node.attributes.get("transA", 0)
            or (node.input(2) and bias is None)
        ):
            return False
        matrix = weights.T if node.attributes.get("transB", 0) else weights
        matrix = matrix.astype(np.float64) * node.attributes.get("alpha", 1.0)
        if bias is not None:
            if bias.ndim > 1 and bias.shape[0] != 1:
                return False
            factor = node.attributes.get("beta", 1.0)
            bias = np.broadcast_to(bias.reshape(-1) * factor, matrix.shape[1:])
        self._put(replace(node, attributes={}), matrix, bias)
        return True

    def _into_bias(self, node: FloatNode) -> bool:
        for i in (0, 1):
            before = self._foldable(node.inputs[i])
            value = self._constant(node.inputs[1 - i], None)
            if before is None or value is None:
                continue
            weights, bias = self._parameters(before)
            channels = len(bias)
            shape = (1, channels, 1, 1) if before.operator == "Conv" else (1, channels)
            if value.ndim > len(shape):
                return False
            aligned = (1,) * (len(shape) - value.ndim) + value.shape
            if any(a not in (1, s) for a, s in zip(aligned, shape, strict=True)):
                return False
            added = np.broadcast_to(value.astype(np.float64).reshape(-1), (channels,))
            self._merge(before, node, weights, bias + added)
            return True
        return False

    def _normalize(self, node: FloatNode) -> bool:
        before = self._foldable(node.inputs[0])
        four = [self._constant(name, None) for name in node.inputs[1:5]]
        if before is None or node.attributes.get("training_mode", 0):
            return False
        scale, shift, mean, variance = (None if a is None else a.astype(np.float64) for a in four)
        if scale is None or shift is None or mean is None or variance is None:
            return False
        epsilon = np.float64(np.float32(node.attributes.get("epsilon", 1e-5)))
        with np.errstate(all="ignore"):  # a variance below zero shows as a constant that is NaN
            factor = scale / np.sqrt(variance + epsilon)
        weights, bias = self._parameters(before)
        along = factor.reshape(-1, 1, 1, 1) if before.operator == "Conv" else factor
        self._merge(before, node, weights * along, (bias - mean) * factor + shift)
        return True

    def _constant(self, name: str, default: Any) -> Any:
        return self.constants.get(name, default)

    def _foldable(self, name: str) -> FloatNode | None:
        """The Conv or Gemm that gives a tensor which nothing else reads."""
        node = self.made.get(name)
        if node is None or node.operator not in ("Conv", "Gemm") or self.uses[name] != 1:
            return None
        weights = self._constant(node.inputs[1], None)
        if weights is None or weights.ndim != (4 if node.operator == "Conv" else 2):
            return None
        is_plain = node.operator == "Conv" or not node.attributes
        is_known = not node.input(2) or node.input(2) in self.constants
        return node if is_plain and is_known else None

    def _parameters(self, node: FloatNode) -> tuple[Doubles, Doubles]:
        weights = self.constants[node.inputs[1]].astype(np.float64)
        channels = weights.shape[0 if node.operator == "Conv" else 1]
        bias = self._constant(node.input(2), np.zeros(channels))
        return weights, bias.astype(np.float64)

    def _merge(self, before: FloatNode, node: FloatNode, weights: Doubles, bias: Doubles) -> None:
        del self.made[before.outputs[0]]
        self._put(replace(before, outputs=node.outputs), weights, bias)

    def _put(self, node: FloatNode, weights: Doubles, bias: AnyArray | None) -> None:
        """Keep a node with new constants of its own, the old ones may serve others too."""
        output = node.outputs[0]
        names = [node.inputs[0], self._fresh(f"{output}_weights")]
        with np.errstate(over="ignore"):
            self.constants[names[1]] = np.ascontiguousarray(weights, np.float32)
            if bias is not None:
                names.append(self._fresh(f"{output}_bias"))
                self.constants[names[2]] = np.ascontiguousarray(bias, np.float32)
        self.made[output] = replace(node, inputs=tuple(names))

    def _fresh(self, name: str) -> str:
        taken = {output for node in self.graph.nodes for output in node.outputs}
        while name in self.constants or name in taken or name == self.graph.input:
            name += "_"
        return name
