"""A node of an ONNX file, with checked access to its attributes."""

from collections.abc import Sequence

from onnx import AttributeProto, NodeProto

from flow.onnx_arrays import Array, BadModelError, array_of, text_of
from flow.unsupported import shown

__all__ = ["STANDARD", "OnnxNode"]

STANDARD = ("", "ai.onnx")
"""Names of the domain of the standard operators."""


class OnnxNode:
    """A node: names of its tensors, and attributes that are of the type asked for."""

    def __init__(self, proto: NodeProto) -> None:
        self.operator = text_of(proto.op_type)
        domain = text_of(proto.domain)
        self.domain = "" if domain in STANDARD else domain
        self.inputs = tuple(text_of(name) for name in proto.input)
        self.outputs = tuple(text_of(name) for name in proto.output)
        self.name = text_of(proto.name) or next(filter(None, self.outputs), "")
        self._attributes: dict[str, AttributeProto] = {}
        for attribute in proto.attribute:
            name = text_of(attribute.name)
            if name in self._attributes:
                raise BadModelError(f"{self} has two attributes {shown(name)}")
            self._attributes[name] = attribute

    def __str__(self) -> str:
        return f"node {shown(self.name)} ({shown(self.operator)})"

    def input(self, index: int) -> str:
        """Name of an input; empty if it is absent."""
        return self.inputs[index] if index < len(self.inputs) else ""

    @property
    def output(self) -> str:
        """Name of the first output."""
        if not self.outputs or not self.outputs[0]:
            raise BadModelError(f"{self} has no output")
        return self.outputs[0]

    def has(self, name: str) -> bool:
        """Whether an attribute is there."""
        return name in self._attributes

    def integer(self, name: str, default: int) -> int:
        """An attribute that is an integer."""
        found = self._of_type(name, AttributeProto.INT, "an integer")
        return default if found is None else int(found.i)

    def integers(self, name: str, default: Sequence[int]) -> tuple[int, ...]:
        """An attribute that is a list of integers; at most 16."""
        found = self._of_type(name, AttributeProto.INTS, "integers")
        values = tuple(default if found is None else found.ints)
        if len(values) > 16:
            raise BadModelError(f"{self} has {len(values)} values of {name}")
        return values

    def real(self, name: str, default: float) -> float:
        """An attribute that is a number."""
        found = self._of_type(name, AttributeProto.FLOAT, "a number")
        return default if found is None else float(found.f)

    def text(self, name: str, default: str) -> str:
        """An attribute that is a text."""
        found = self._of_type(name, AttributeProto.STRING, "a text")
        return default if found is None else found.s.decode("utf-8", "replace")

    def tensor(self, name: str) -> Array | None:
        """An attribute that is a constant, or None if it is absent."""
        found = self._of_type(name, AttributeProto.TENSOR, "a tensor")
        return None if found is None else array_of(found.t, self.output)

    def numbers(self, name: str) -> tuple[float, ...]:
        """An attribute that is a list of numbers."""
        found = self._of_type(name, AttributeProto.FLOATS, "numbers")
        return () if found is None else tuple(found.floats)

    def _of_type(self, name: str, kind: int, said: str) -> AttributeProto | None:
        found = self._attributes.get(name)
        if found is not None and found.type != kind:
            raise BadModelError(f"{self} must have {said} as its {name}")
        return found
