"""Charts as inline SVG: no script, colours from the style sheet of the page they stand in.

Classes that the style sheet gives a colour: `axis` and `grid` lines, `bar`, `area`, `clip` (the
range outside which values are clipped), `ink` (pixels) and `minus` (negative ones), and `text`,
`text end`, `text middle`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from math import ceil, log10

import numpy as np
import numpy.typing as npt

from flow.svg import Plot, drawing, line, text, x_axis

__all__ = ["ClippingRange", "Phase", "histogram", "pixels", "timeline"]

_LETTER = 6.5
"""Width of a letter in pixels, rather too much."""


@dataclass(frozen=True)
class ClippingRange:
    """Where clipping starts: the widest and the narrowest range of all channels.

    With one range for the whole tensor both are the same.
    """

    widest: tuple[float, float]
    narrowest: tuple[float, float]


@dataclass(frozen=True)
class Phase:
    """A stretch of cycles with a name, for example a layer; `used` is a share, 0 to 1, of each.

    The name stands at its place if there is room for it, and is shown when pointed at.
    """

    name: str
    used: npt.NDArray[np.float64]

    @property
    def cycles(self) -> int:
        """How many cycles."""
        return len(self.used)


def histogram(
    values: npt.NDArray[np.floating], clipping: ClippingRange, *, label: str, bins: int = 60
) -> str:
    """How often values occur, on a logarithmic count axis so that single outliers show."""
    flat = np.asarray(values, np.float64).ravel()
    low = min(float(flat.min()), clipping.widest[0])
    high = max(float(flat.max()), clipping.widest[1])
    margin = 0.04 * (high - low)
    counts, edges = np.histogram(flat, bins, (low, high))
    decades = max(1, ceil(log10(max(counts.max(), 2))))
    plot = Plot(34, 352, 10, 122, (low - margin, high + margin), (-0.15, decades))

    bars = []
    for count, start, end in zip(counts, edges, edges[1:], strict=False):
        if count:
            bars.append(_rectangle(plot, start, end, log10(count), "bar"))
    marks = [
        line(plot.left, plot.y(power), plot.right, plot.y(power), "grid")
        + text(plot.left - 5, plot.y(power) + 4, _power_of_ten(power), "text end")
        for power in range(decades + 1)
    ]
    body = [*marks, *_clipping(plot, clipping), *bars, *x_axis(plot)]
    return drawing(360, 144, label, body)


def timeline(phases: Sequence[Phase], *, label: str, unit: str = "clock cycles") -> str:
    """The mean share used, of a pixel's width of cycles at a time, one phase after the other."""
    total = sum(phase.cycles for phase in phases)
    plot = Plot(44, 992, 26, 176, (0, max(total, 1)), (0, 1))
    body = [
        line(plot.left, plot.y(part), plot.right, plot.y(part), "grid")
        + text(plot.left - 6, plot.y(part) + 4, f"{part:.0%}", "text end")
        for part in (0, 0.25, 0.5, 0.75, 1)
    ]
    start = 0
    for phase in phases:
        body.append(_area(plot, start, phase))
        if start:
            body.append(line(plot.x(start), 12, plot.x(start), plot.bottom, "axis"))
        if plot.x(phase.cycles) - plot.x(0) > 10 + _LETTER * len(phase.name):
            body.append(text(plot.x(start) + 5, 20, phase.name, "text"))
        start += phase.cycles
    words = text(plot.right, plot.bottom + 32, unit, "text end")
    return drawing(1000, 212, label, [*body, *x_axis(plot), words])


def pixels(image: npt.NDArray[np.floating], *, label: str) -> str:
    """An image (y, x) of ink from 0 to 1, in shades of 1/32; what is below 0 is `minus` ink.

    The pixels of one shade are one path.
    """
    shades = np.clip(np.rint(np.asarray(image, np.float64) * 32), -32, 32) / 32
    height, width = shades.shape
    paths = []
    for shade in np.unique(shades[shades != 0]).tolist():
        places = "".join(f"M{x} {y}h1v1h-1z" for y, x in np.argwhere(shades == shade).tolist())
        kind = ' class="minus"' if shade < 0 else ""
        paths.append(f'<path{kind} d="{places}" opacity="{abs(shade):.3g}"/>')
    return (
        f'<svg class="ink" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(label)}" shape-rendering="crispEdges">{"".join(paths)}</svg>'
    )


def _clipping(plot: Plot, clipping: ClippingRange) -> list[str]:
    """Shades what is clipped in some channels lightly and what is clipped in all more."""
    parts = []
    for (low, high), opacity in ((clipping.narrowest, 0.10), (clipping.widest, 0.16)):
        for start, end in ((plot.x_range[0], low), (high, plot.x_range[1])):
            parts.append(
                f'<rect class="clip" x="{plot.x(start):.1f}" y="{plot.top}" '
                f'width="{max(plot.x(end) - plot.x(start), 0):.1f}" '
                f'height="{plot.bottom - plot.top}" fill-opacity="{opacity}"/>'
            )
    for low, high in dict.fromkeys((clipping.narrowest, clipping.widest)):
        for edge in (low, high):
            parts.append(line(plot.x(edge), plot.top, plot.x(edge), plot.bottom, "clip"))
    return parts


def _area(plot: Plot, start: int, phase: Phase) -> str:
    width = max(1, round(plot.x(phase.cycles) - plot.x(0)))
    edges = np.linspace(0, phase.cycles, min(width, phase.cycles) + 1).astype(int)
    steps = "".join(
        f"V{plot.y(phase.used[low:high].mean()):.1f}H{plot.x(start + high):.1f}"
        for low, high in pairwise(edges.tolist())
    )
    outline = f"M{plot.x(start):.1f} {plot.y(0):.1f}{steps}V{plot.y(0):.1f}z"
    return f'<path class="area" d="{outline}"><title>{escape(phase.name)}</title></path>'


def _power_of_ten(power: int) -> str:
    return ("1", "10", "100", "1k", "10k", "100k", "1M", "10M", "100M")[power]


def _rectangle(plot: Plot, start: float, end: float, value: float, kind: str) -> str:
    return (
        f'<rect class="{kind}" x="{plot.x(start):.1f}" y="{plot.y(value):.1f}" '
        f'width="{max(plot.x(end) - plot.x(start) - 0.5, 0.5):.1f}" '
        f'height="{plot.bottom - plot.y(value):.1f}"/>'
    )
