"""Packed vectors: lane n of a port stands at bit n times its width."""

from collections.abc import Iterable

__all__ = ["pack", "unpack"]


def pack(values: Iterable[int], bits: int) -> int:
    """Return the vector whose lanes of ``bits`` bits hold ``values``, the first one lowest.

    >>> hex(pack([1, -1], 8))
    '0xff01'
    """
    mask = (1 << bits) - 1
    vector = 0
    for lane, value in enumerate(values):
        vector |= (int(value) & mask) << (lane * bits)
    return vector


def unpack(vector: int, lanes: int, bits: int, *, signed: bool = True) -> list[int]:
    """Return the values of the lanes of a packed vector.

    >>> unpack(0xFF01, 2, 8)
    [1, -1]
    """
    mask = (1 << bits) - 1
    sign = 1 << (bits - 1) if signed else 0
    return [((vector >> (lane * bits) & mask) ^ sign) - sign for lane in range(lanes)]
