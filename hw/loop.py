"""A loop of a nest: what its sum is made of, and in how many bits."""

from dataclasses import dataclass

from amaranth.hdl import *

from hw.folded import folded, folded_bits

__all__ = ["Loop"]


@dataclass(frozen=True)
class Loop:
    """A loop of a nest. What it takes are names of members of the job.

    Parameters
    ----------
    count : str
        How many iterations; unsigned.
    step : str
        What is added to the loop's sum from an iteration to the next; unsigned.
    start : str or None
        The sum in the first iteration; 0 if None.
    bits : int or None
        Keep only so many low bits of the sum; None keeps all.
    limit : int or None
        A sum above it need only be above it, and not more than it is; None keeps all.
    """

    count: str
    step: str
    start: str | None = None
    bits: int | None = None
    limit: int | None = None

    def lowest(self, job):
        """The least start that a job of that layout may have, if it has a sign, else 0."""
        shape = Shape.cast(job[self.start].shape) if self.start else unsigned(0)
        return -(1 << (shape.width - 1)) if shape.signed else 0

    def sum_shape(self, job):
        """Shape of the sum, wide enough for any job of that layout unless it says less."""
        exact = self._exact_shape(job)
        if not self.is_limited(job):
            return exact
        return Shape(folded_bits(self._most(job)) + exact.signed, exact.signed)

    def is_limited(self, job):
        """Return whether the limit makes a sum shorter."""
        if self.limit is None:
            return False
        exact = self._exact_shape(job)
        return folded_bits(self._most(job)) + exact.signed < exact.width

    def limited(self, value, job):
        """Return a number that counts from the lowest start on, in the bits of such a sum."""
        return folded(value, self._most(job))

    def _most(self, job):
        """The limit, counted from the lowest start on."""
        return self.limit - self.lowest(job)

    def _exact_shape(self, job):
        if self.bits is not None:
            return unsigned(self.bits)
        count, step = (Shape.cast(job[name].shape) for name in (self.count, self.step))
        added = count.width + step.width
        if self.start is None:
            return unsigned(added)
        start = Shape.cast(job[self.start].shape)
        return Shape(max(start.width - start.signed, added) + 1 + start.signed, start.signed)

    def first(self, job):
        """Return the sum in the first iteration of a job."""
        first = job[self.start] if self.start else C(0)
        return first if self.bits is None else first[:self.bits]
