"""Where tensors are kept: places that are used again as soon as a tensor is not needed any more."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

__all__ = ["ALIGNMENT", "Lifetime", "Reuse", "allocate"]

ALIGNMENT = 4
"""Bytes of a word of the host: it writes one tensor without touching another."""


class Reuse(Enum):
    """Whether tensors may share a place."""

    BY_LIFETIME = "by_lifetime"
    """If they are never needed at the same time."""
    NONE = "none"
    """Never: all tensors can be looked at in the end."""


@dataclass(frozen=True)
class Lifetime:
    """A tensor's size, and the first and the last step at which it is needed."""

    name: str
    bytes: int
    first: int
    last: int

    def meets(self, other: "Lifetime") -> bool:
        """Whether there is a step at which both are needed."""
        return self.first <= other.last and other.first <= self.last


def allocate(lifetimes: Sequence[Lifetime]) -> dict[str, int]:
    """Return the address of each tensor, from 0 on.

    Best fit, the largest tensor first: each takes the smallest gap it fits in among those that it
    meets, or else the place behind the last of them.
    """
    placed: list[tuple[int, int, Lifetime]] = []
    for tensor in sorted(lifetimes, key=lambda tensor: -tensor.bytes):
        size = -(-tensor.bytes // ALIGNMENT) * ALIGNMENT
        taken = sorted((start, end) for start, end, other in placed if tensor.meets(other))
        gaps, reached = [], 0
        for start, end in taken:
            if start - reached >= size:
                gaps.append((start - reached, reached))
            reached = max(reached, end)
        address = min(gaps)[1] if gaps else reached
        placed.append((address, address + size, tensor))
    return {tensor.name: address for address, _, tensor in placed}
