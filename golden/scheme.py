"""The requantization schemes: named contracts between software and hardware."""

from enum import Enum

__all__ = ["Scheme"]


class Scheme(Enum):
    """How an int32 accumulator becomes an output of a few bits.

    `golden.requantize` has each scheme's formula; `hw.requantizer` has its hardware mode.
    """

    FLOAT32 = "float32"
    """ONNX Runtime's QLinear operators and LiteRT's default kernels: float32, ties to even."""

    FIXED = "fixed"
    """An integer multiplier and one rounding shift, with the tie rule named."""

    Q31_DOUBLE = "q31_double"
    """LiteRT's reference convolution: a Q31 multiply and a shift, each of which rounds."""

    SHIFT = "shift"
    """A power-of-two scale: one rounding shift, with the tie rule named."""
