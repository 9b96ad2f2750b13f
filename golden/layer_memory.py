"""The memory of a layer, counted to the byte."""

from dataclasses import dataclass

from golden.formats import IntegerFormat

__all__ = ["LayerMemory", "packed_bytes"]


@dataclass(frozen=True)
class LayerMemory:
    """Bytes of a layer at so many rows of activations, and of the same layer in float32."""

    weights: int
    """The weights' codes."""
    parameters: int
    """Scales, zero points and biases."""
    activations: int
    """Input and output."""
    float32: int
    """Weights, bias, input and output as float32."""

    @property
    def total(self) -> int:
        """All the layer's bytes."""
        return self.weights + self.parameters + self.activations

    @property
    def saved(self) -> int:
        """Bytes that float32 takes more."""
        return self.float32 - self.total


def packed_bytes(count: int, fmt: IntegerFormat) -> int:
    """Return the bytes of `count` codes: whole codes a byte up to 8 bits, else whole bytes a code.

    >>> from golden.formats import INT4, INT16
    >>> packed_bytes(5, INT4), packed_bytes(5, INT16)
    (3, 10)
    """
    if fmt.bits > 8:
        return count * -(-fmt.bits // 8)
    return -(-count // (8 // fmt.bits))
