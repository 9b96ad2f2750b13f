"""expf as the GNU C library computes it: to float32, through float64, with a table of 32 entries.

With k = rint(x * 32 / ln 2) and r = x * 32 / ln 2 - k, e**x is 2**(k / 32) * p(r): the table has
2**(i / 32) and p is the cubic whose coefficients are published with the Arm optimized routines. It
is within 0.502 units in the last place, so it is not always the nearest float32.
"""

import numpy as np
import numpy.typing as npt

__all__ = ["expf"]

STEPS = 32
INVERSE_LN2 = float.fromhex("0x1.71547652b82fep+0") * STEPS
C3 = float.fromhex("0x1.c6af84b912394p-5") / STEPS**3
C2 = float.fromhex("0x1.ebfce50fac4f3p-3") / STEPS**2
C1 = float.fromhex("0x1.62e42ff0c52d6p-1") / STEPS

_TABLE = np.array([2.0 ** (i / STEPS) for i in range(STEPS)])


def expf(x: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """e**x of float32 numbers up to 88, as float32; below -150 it is 0."""
    given = np.asarray(x, np.float32).astype(np.float64)
    z = np.maximum(given, -150.0) * INVERSE_LN2
    k = np.rint(z)
    r = z - k
    p = (C3 * r + C2) * (r * r) + (C1 * r + 1.0)
    steps = k.astype(np.int64)
    with np.errstate(under="ignore"):
        return np.asarray(np.ldexp(p * _TABLE[steps % STEPS], steps // STEPS), np.float32)
