"""The kernel sets by the name that `lastbit` takes on the command line."""

from enum import Enum
from typing import Self

from golden.kernels.kernel_set import KernelSet
from golden.kernels.litert import LITERT, LITERT_NO_DELEGATE
from golden.kernels.litert_reference import LITERT_REFERENCE
from golden.kernels.onnxruntime import ONNXRUNTIME
from golden.names import parse_name

__all__ = ["KernelSets"]


class KernelSets(Enum):
    """The names; `kernels` is what computes."""

    LITERT = "litert"
    """LiteRT as an interpreter runs by default: XNNPACK, and builtin kernels where that refuses."""
    LITERT_REFERENCE = "litert_ref"
    """LiteRT's reference kernels."""
    LITERT_NO_DELEGATE = "litert_no_delegate"
    """LiteRT's builtin kernels for x86, without a delegate."""
    ONNXRUNTIME = "onnxruntime"
    """ONNX Runtime's CPU provider on x86-64."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the kernel set named `text`; ValueError lists the legal names."""
        return parse_name(cls, text)

    @property
    def kernels(self) -> KernelSet:
        """The kernel set itself."""
        return _SETS[self]


_SETS: dict[KernelSets, KernelSet] = {
    KernelSets.LITERT: LITERT,
    KernelSets.LITERT_REFERENCE: LITERT_REFERENCE,
    KernelSets.LITERT_NO_DELEGATE: LITERT_NO_DELEGATE,
    KernelSets.ONNXRUNTIME: ONNXRUNTIME,
}
