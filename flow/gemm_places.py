"""Where constants are in a memory that may be too small for all of them at once."""

from collections.abc import Sequence

__all__ = ["places"]


def places(sizes: Sequence[int], capacity: int) -> list[int]:
    """Return an address for each constant, none of which is larger than the memory.

    As many as possible have a place of their own, the first ones first. The others share the end
    of the memory, where the largest of all has room.

    >>> places([3, 4, 2], 9), places([3, 4, 2], 8)
    ([0, 3, 7], [0, 4, 4])
    """
    shared = capacity if sum(sizes) <= capacity else capacity - max(sizes)
    addresses, end = [], 0
    for size in sizes:
        own = end + size <= shared
        addresses.append(end if own else shared)
        end += size if own else 0
    return addresses
