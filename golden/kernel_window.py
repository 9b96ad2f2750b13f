"""The kernel of a convolution or pooling, and where it stands on an image."""

from dataclasses import dataclass

__all__ = ["KernelWindow", "Pair"]

Pair = tuple[int, int]
"""Something vertical, then the same horizontally."""


@dataclass(frozen=True)
class KernelWindow:
    """A kernel that moves over an image; pairs are (vertical, horizontal).

    Parameters
    ----------
    kernel : rows and columns, at least 1
    stride : from an output to the next, at least 1
    dilation : from a kernel element to the next, at least 1
    padding : rows above and below, then columns to the left and to the right, less than the
        kernel's extent, so that each output sees a part of the image
    """

    kernel: Pair
    stride: Pair = (1, 1)
    dilation: Pair = (1, 1)
    padding: tuple[Pair, Pair] = ((0, 0), (0, 0))

    def __post_init__(self) -> None:
        for name in ("kernel", "stride", "dilation"):
            for value in _pair(name, getattr(self, name)):
                if value < 1:
                    raise ValueError(f"{name} must be at least 1, not {value}")
        if not isinstance(self.padding, tuple) or len(self.padding) != 2:
            raise TypeError(f"padding must be ((top, bottom), (left, right)), not {self.padding!r}")
        for axis, extent in zip(self.padding, self.extent, strict=True):
            for value in _pair("padding", axis):
                if not 0 <= value < extent:
                    raise ValueError(
                        f"padding must be from 0 to {extent - 1} for a kernel that spans "
                        f"{extent}, not {value}"
                    )

    @property
    def extent(self) -> Pair:
        """What the kernel spans, dilation included."""
        (ky, kx), (dy, dx) = self.kernel, self.dilation
        return (ky - 1) * dy + 1, (kx - 1) * dx + 1

    def output_size(self, size: Pair) -> Pair:
        """Height and width of the output on an image of a height and width."""
        lengths = []
        for axis, name in enumerate(("height", "width")):
            available = size[axis] + sum(self.padding[axis])
            if available < self.extent[axis]:
                raise ValueError(
                    f"the kernel spans {self.extent[axis]} and the padded {name} is {available}: "
                    "take a smaller kernel or more padding"
                )
            lengths.append((available - self.extent[axis]) // self.stride[axis] + 1)
        return lengths[0], lengths[1]

    @classmethod
    def same(
        cls, kernel: Pair, size: Pair, stride: Pair = (1, 1), dilation: Pair = (1, 1)
    ) -> "KernelWindow":
        """The window with ceil(size / stride) outputs; an odd padding has more at the end.

        >>> KernelWindow.same((3, 3), (8, 8), stride=(2, 2)).padding
        ((0, 1), (0, 1))
        """
        padding = []
        for k, n, s, d in zip(kernel, size, stride, dilation, strict=True):
            total = max((-(-n // s) - 1) * s + (k - 1) * d + 1 - n, 0)
            padding.append((total // 2, total - total // 2))
        return cls(kernel, stride, dilation, (padding[0], padding[1]))


def _pair(name: str, value: object) -> Pair:
    pair = isinstance(value, tuple) and len(value) == 2
    if not pair or any(isinstance(n, bool) or not isinstance(n, int) for n in value):  # type: ignore[attr-defined]
        raise TypeError(f"{name} must be two integers (vertical, horizontal), not {value!r}")
    return value  # type: ignore[return-value]
