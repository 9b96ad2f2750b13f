"""The parts that charts are drawn of, as text of SVG.

Classes that a style sheet gives a colour: `axis` and `grid` lines, and `text`, `text end`,
`text middle`; others are the charts' own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

__all__ = ["Plot", "drawing", "line", "text", "ticks", "x_axis", "y_axis"]


@dataclass(frozen=True)
class Plot:
    """A plot area in pixels, and the values at its edges."""

    left: float
    right: float
    top: float
    bottom: float
    x_range: tuple[float, float]
    y_range: tuple[float, float]

    def x(self, value: float) -> float:
        """Where a value is, from the left."""
        low, high = self.x_range
        return self.left + (value - low) / (high - low) * (self.right - self.left)

    def y(self, value: float) -> float:
        """Where a value is, from the top."""
        low, high = self.y_range
        return self.bottom - (value - low) / (high - low) * (self.bottom - self.top)


def x_axis(plot: Plot) -> list[str]:
    """The lower edge, with ticks and their numbers."""
    parts = [line(plot.left, plot.bottom, plot.right, plot.bottom, "axis")]
    for value in ticks(*plot.x_range):
        x = plot.x(value)
        parts.append(line(x, plot.bottom, x, plot.bottom + 4, "axis"))
        parts.append(text(x, plot.bottom + 17, _number(value), "text middle"))
    return parts


def y_axis(plot: Plot) -> list[str]:
    """Lines across at round values, with their numbers at the left."""
    parts = []
    for value in ticks(*plot.y_range):
        y = plot.y(value)
        parts.append(line(plot.left, y, plot.right, y, "grid"))
        parts.append(text(plot.left - 6, y + 4, _number(value), "text end"))
    return parts


def ticks(low: float, high: float, about: int = 6) -> list[float]:
    """Round numbers from low to high: steps of 1, 2 or 5 times a power of ten."""
    raw = (high - low) / about
    power = 10.0 ** floor(log10(raw))
    step = power * next(factor for factor in (1, 2, 5, 10) if factor * power >= raw * 0.999)
    return [index * step for index in range(ceil(low / step), floor(high / step) + 1)]


def _number(value: float) -> str:
    words = f"{value:,.0f}" if float(value).is_integer() else f"{value:g}"
    return words.replace("-", "−")


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    """A straight line of a class."""
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def text(x: float, y: float, words: str, kind: str) -> str:
    """Words of a class at a place of their base line."""
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{escape(words)}</text>'


def drawing(width: int, height: int, label: str, body: Sequence[str]) -> str:
    """All of it, as an element of a page; `label` is for those who do not see it."""
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">'
        f"{''.join(body)}</svg>"
    )
