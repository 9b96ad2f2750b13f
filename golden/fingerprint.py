"""A short number that changes when a number rule does."""

import hashlib

import numpy as np

from golden.accumulate import wrap
from golden.requantize import Requantization, requantize
from golden.scaling import TIE_RULES
from golden.scheme import Scheme

__all__ = ["number_rules"]

_EDGES = (0, 1, 2, 3, 63, 64, 65, 127, 128, 129, 255, 256, 2**16, 2**24 - 1, 2**30, 2**31 - 1)
_SCALES = (0.0, 2.0**-31, 0.001, 0.0078125, 0.25, 0.3, 0.5, 1.0)
_ZERO_POINTS = (-128, -3, 0, 127)
_SCHEMES = (Scheme.FLOAT32, Scheme.FIXED, Scheme.SHIFT)


def number_rules() -> int:
    """Return 32 bits of a hash over results of every rule that hardware and golden share.

    Accumulators at and around powers of two, all of whose requantizations are taken: every scheme,
    tie rule and zero point, and scales from 0 to 1.
    """
    digest = hashlib.sha256()
    positive = np.array(_EDGES, np.int64)
    accumulators = np.concatenate([-positive - 1, -positive, positive])
    multiples = accumulators * 3 + 1
    for bits in (16, 24, 32):
        digest.update(wrap(np.concatenate([accumulators, multiples]), bits).astype("<i4").tobytes())
    column = wrap(np.concatenate([accumulators, multiples]), 32)[:, None].astype(np.int32)
    for scheme in _SCHEMES:
        scales = [s for s in _SCALES if scheme is not Scheme.SHIFT or (s and np.log2(s) % 1 == 0)]
        ties = TIE_RULES[:1] if scheme is Scheme.FLOAT32 else TIE_RULES
        for tie in ties:
            for zero_point in _ZERO_POINTS:
                r = Requantization.from_scale(scheme, scales, 5, tie=tie, zero_point=zero_point)
                acc = np.repeat(column, len(scales), axis=1)
                digest.update(requantize(acc, r).tobytes())
    return int.from_bytes(digest.digest()[:4], "little")
