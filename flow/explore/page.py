"""The page of an exploration: one self-contained HTML file, without scripts."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files
from string import Template

from flow.explore.chart import chart
from flow.explore.columns import Columns
from flow.explore.reasons import reasons
from flow.explore.space import Refused
from flow.explore.summary import Summary

__all__ = ["page"]


def page(
    summaries: Sequence[Summary],
    refused: Sequence[Refused],
    facts: Mapping[str, str],
) -> str:
    """The page as text; of the facts it needs the network."""
    network = facts["network"]
    columns = Columns(summaries)
    template = Template(files("flow.explore").joinpath("page.html").read_text(encoding="utf-8"))
    return template.substitute(
        style=files("flow").joinpath("page.css").read_text(encoding="utf-8"),
        network=escape(network),
        title=escape(f"{len(summaries)} accelerators for {network}"),
        summary=escape(_summary(summaries)),
        chart=chart(summaries, columns),
        headings="".join(f'<th scope="col">{escape(each)}</th>' for each in columns.headings[:-1]),
        rows=_lines(_row(columns.words(each)[:-1], each.on_front) for each in summaries),
        reasons=_lines(f"<li>{escape(each)}</li>" for each in reasons(summaries, refused))
        or "<li>None.</li>",
        facts=_lines(
            f"<dt>{escape(name.replace('_', ' '))}</dt><dd>{escape(value)}</dd>"
            for name, value in {**facts, **columns.shared}.items()
        ),
    )


def _summary(summaries: Sequence[Summary]) -> str:
    routed = [each for each in summaries if each.inferences is not None]
    if not routed:
        return "None of them could be placed and routed."
    best = max(routed, key=lambda each: each.inferences or 0.0)
    front = sum(each.on_front for each in summaries)
    return (
        f"{len(routed)} of them are placed and routed, {front} are on the Pareto front. The most "
        f"is {best.inferences:,.0f} inferences a second, {best.gmacs:.2f} GMAC/s, of "
        f"{best.design.name} at {best.fmax:.0f} MHz; the link's time is not in it."
    )


def _row(words: Sequence[str], on_front: bool) -> str:
    cells = "".join(f"<td>{escape(word)}</td>" for word in words[1:])
    kind = ' class="front"' if on_front else ""
    return f'<tr{kind}><th scope="row">{escape(words[0])}</th>{cells}</tr>'


def _lines(items: Iterable[str]) -> str:
    return "\n".join(items)
