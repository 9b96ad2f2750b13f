"""Area, Fmax and throughput as dots, with the steps of the Pareto front."""

from collections.abc import Callable, Sequence
from html import escape

from flow.explore.columns import Columns
from flow.explore.summary import Summary, pareto_front
from flow.svg import Plot, drawing, line, text, x_axis, y_axis

__all__ = ["chart", "standalone"]

_Value = Callable[[Summary], float]

_WIDTH, _HEIGHT = 1080, 340
_LETTER = 5.6
_COLOURS = ("#2f6fce", "#c2410c", "#17704a", "#8a4fbf", "#8a6d1d", "#5d6470")

# Those of a page where there is one, as the page's other charts have.
_STYLE = (
    ".explore text{font:11px system-ui,sans-serif;fill:var(--soft,#5d6470)}"
    ".explore .end{text-anchor:end}.explore .middle{text-anchor:middle}"
    ".explore .axis{stroke:var(--soft,#5d6470)}.explore .grid{stroke:var(--rule,#e2e0d9)}"
    ".explore .front{fill:none;stroke:var(--soft,#5d6470);stroke-dasharray:4 3}"
    ".explore text.name{fill:var(--text,#1d2129)}"
) + "".join(
    f".explore .p{n}{{stroke:{colour};fill:{colour}}}.explore circle.off.p{n}{{fill-opacity:.15}}"
    for n, colour in enumerate(_COLOURS)
)


def _inferences(summary: Summary) -> float:
    return summary.inferences or 0.0


def _fmax(summary: Summary) -> float:
    return summary.fmax or 0.0


def _luts(summary: Summary) -> float:
    return summary.counts.luts if summary.counts else 0


def _multipliers(summary: Summary) -> float:
    return summary.counts.multipliers if summary.counts else 0


_PANELS: Sequence[tuple[str, _Value, str, _Value]] = (
    ("look-up tables", _luts, "inferences/s", _inferences),
    ("multipliers", _multipliers, "inferences/s", _inferences),
    ("look-up tables", _luts, "MHz", _fmax),
)


def chart(summaries: Sequence[Summary], columns: Columns) -> str:
    """Draw the designs that have an Fmax; full dots are on the front of all costs together.

    The steps are the front of the two quantities of their plot alone.
    """
    routed = [each for each in summaries if each.fmax is not None]
    parts = list(dict.fromkeys(each.design.part for each in routed))
    body = [f"<style>{_STYLE}</style>", '<g class="explore">', *_legend(parts)]
    wide = _WIDTH / len(_PANELS)
    for n, (x_name, x, y_name, y) in enumerate(_PANELS):
        if routed:
            points = [(x(each), y(each)) for each in routed]
            plot = _plot(n * wide, wide, points)
            body += [*x_axis(plot), *y_axis(plot), _front(plot, points)]
            body += _dots(plot, routed, points, parts, columns)
            body.append(text(plot.right, plot.bottom + 32, x_name, "text end"))
            body.append(text(plot.left, plot.top - 8, y_name, "text"))
    what = f"{len(routed)} designs: throughput and Fmax over area, with the Pareto front"
    return drawing(_WIDTH, _HEIGHT, what, [*body, "</g>"])


def standalone(svg: str) -> str:
    """Make a chart a file of its own."""
    return svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1) + "\n"


def _plot(left: float, wide: float, points: Sequence[tuple[float, float]]) -> Plot:
    """Axes from 0 to a little more than the largest value."""
    x, y = (1.12 * max(each[axis] for each in points) or 1 for axis in (0, 1))
    return Plot(left + 58, left + wide - 14, 46, _HEIGHT - 46, (0, x), (0, y))


def _legend(parts: Sequence[str]) -> list[str]:
    items, x = [], 58.0
    for n, part in enumerate(parts):
        items.append(f'<circle class="p{n % len(_COLOURS)}" cx="{x:.1f}" cy="12" r="4"/>')
        items.append(text(x + 9, 16, part, "text"))
        x += 30 + _LETTER * len(part)
    return items


def _front(plot: Plot, points: Sequence[tuple[float, float]]) -> str:
    """Steps through the points that are best: less of x, more of y."""
    best = pareto_front([(x, -y) for x, y in points])
    kept = sorted({point for point, good in zip(points, best, strict=True) if good})
    path = f"M{plot.x(kept[0][0]):.1f} {plot.bottom:.1f}"
    for x, y in kept:
        path += f"H{plot.x(x):.1f}V{plot.y(y):.1f}"
    return f'<path class="front" d="{path}H{plot.right:.1f}"/>'


def _dots(
    plot: Plot,
    summaries: Sequence[Summary],
    points: Sequence[tuple[float, float]],
    parts: Sequence[str],
    columns: Columns,
) -> list[str]:
    dots, names = [], []
    taken: list[tuple[float, float, float]] = []
    order = sorted(range(len(points)), key=lambda n: (not summaries[n].on_front, -points[n][1]))
    for n in order:
        summary, x, y = summaries[n], plot.x(points[n][0]), plot.y(points[n][1])
        colour = f"p{parts.index(summary.design.part) % len(_COLOURS)}"
        kind = colour if summary.on_front else f"off {colour}"
        words = ", ".join(
            f"{heading} {word}"
            for heading, word in zip(columns.headings, columns.words(summary), strict=True)
            if word
        )
        spread = summary.fmax_range
        if spread and spread[0] != spread[1] and summary.fmax:
            low, high = (points[n][1] * end / summary.fmax for end in spread)
            dots.append(line(x, plot.y(low), x, plot.y(high), colour))
        title = f"<title>{escape(words)}</title>"
        dots.append(f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="4">{title}</circle>')
        label = columns.label(summary)
        wide = _LETTER * len(label)
        right = x + 7 + wide < plot.right + 10
        start = x + 7 if right else x - 7 - wide
        if not any(start < b and a < start + wide and abs(y - at) < 11 for a, b, at in taken):
            taken.append((start, start + wide, y))
            names.append(
                text(x + 7 if right else x - 7, y + 4, label, "name" + " end" * (not right))
            )
    return dots + names
