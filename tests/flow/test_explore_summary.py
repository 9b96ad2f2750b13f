"""Medians, throughput, the front, and what of them is drawn and said."""

import re
from xml.etree import ElementTree

import pytest

from flow.explore.axes import parse_axes
from flow.explore.chart import chart, standalone
from flow.explore.columns import Columns
from flow.explore.measurement import Measurement, Outcome
from flow.explore.point import Point
from flow.explore.reasons import reasons
from flow.explore.space import Refused, designs_of
from flow.explore.summary import pareto_front, summarize
from flow.explore.workload import load_workload
from flow.synthesis import CellCounts

AXES = {"rows": "4,8", "cols": "4,8", "part": "LFE5U-25F,LFE5U-85F"}
DESIGNS = designs_of(parse_axes(AXES), load_workload("64x64x64")).designs
SLOW = Measurement(Outcome.TIMED_OUT, counts=CellCounts(9, 9, 9, 9, 0), reason="it took long")


def routed(fmax, luts=1000, multipliers=16, memories=8):
    return Measurement(Outcome.ROUTED, fmax, CellCounts(luts, 500, multipliers, memories, 0))


def summary(*found):
    return summarize(
        {Point(DESIGNS[0], seed, 200): each for seed, each in enumerate(found, start=1)}
    )[0]


@pytest.mark.parametrize(
    ("found", "fmax", "outcome"),
    [
        ([routed(90)], 90, Outcome.ROUTED),
        ([routed(90), routed(120), routed(80)], 90, Outcome.ROUTED),
        ([routed(90), routed(120)], 90, Outcome.ROUTED),
        ([routed(90), SLOW, routed(80)], 80, Outcome.ROUTED),
        ([routed(90), SLOW], None, Outcome.TIMED_OUT),
        ([SLOW], None, Outcome.TIMED_OUT),
    ],
)
def test_what_is_not_routed_counts_as_0_in_the_median(found, fmax, outcome):
    assert summary(*found).fmax == fmax
    assert summary(*found).outcome is outcome


def test_throughput_is_of_the_cycles_that_are_predicted():
    found = summary(routed(100))
    cycles = found.design.work.cycles
    assert found.inferences == pytest.approx(100e6 / cycles)
    assert found.gmacs == pytest.approx(64**3 * 100e6 / cycles / 1e9)
    assert found.gmacs < 0.1 * 4 * 4


@pytest.mark.parametrize(
    ("costs", "front"),
    [
        ([], []),
        ([(1, 2)], [True]),
        ([(1, 2), (1, 2)], [True, True]),
        ([(1, 2), (1, 3), (2, 1), (0, 9)], [True, False, True, True]),
        ([(1, 2, 3), (1, 2, 4), (1, 1, 4)], [True, False, True]),
    ],
)
def test_the_front_is_what_nothing_beats(costs, front):
    assert pareto_front(costs) == front


def test_the_front_is_of_all_costs_and_of_what_has_an_fmax():
    found = [
        routed(100),
        routed(99),  # beaten: 4x4 in the other part, slower
        routed(100, luts=2000),
        SLOW,
        routed(150, luts=3000, multipliers=12),
    ]
    designs = [DESIGNS[n] for n in (0, 4, 1, 2, 3)]
    told = summarize(
        {Point(design, 1, 200): each for design, each in zip(designs, found, strict=True)}
    )
    assert [each.on_front for each in told] == [True, False, True, False, True]


def test_columns_are_of_what_differs():
    told = summarize({Point(design, 1, 200): routed(100) for design in DESIGNS})
    columns = Columns(told)
    assert columns.headings[:4] == ["array", "lanes", "part", "KiB"]
    words = dict(zip(columns.headings, columns.words(told[0]), strict=True))
    assert words["array"] == "4x4"
    assert words["MHz"] == "100"
    assert columns.label(told[0]) == "4x4 / 4"
    assert columns.shared["multiplier"] == "ecp5"
    assert "part" not in columns.shared


def test_the_chart_has_a_dot_in_each_plot_and_the_steps_of_the_front():
    found = [routed(100, luts=1000), routed(150, luts=2000), routed(20, luts=1500), SLOW]
    told = summarize(
        {Point(design, 1, 200): each for design, each in zip(DESIGNS[:4], found, strict=True)}
    )
    drawn = ElementTree.fromstring(standalone(chart(told, Columns(told))))
    kinds = [e.get("class", "") for e in drawn.iter() if e.tag.endswith("circle")]
    assert len(kinds) == 1 + 3 * 3
    titles = [e.text for e in drawn.iter() if e.tag.endswith("title")]
    assert len(set(titles)) == 3
    steps = [e.get("d") for e in drawn.iter() if e.tag.endswith("path")]
    # From below up to the first, across and up to the next, and on to the edge.
    heights = [float(height) for height in re.findall(r"V([\d.]+)", steps[2])]
    assert len(heights) == 2
    assert heights[0] > heights[1]
    assert re.fullmatch(r"M[\d. ]+(H[\d.]+V[\d.]+){2}H[\d.]+", steps[2])


def test_a_chart_of_nothing_is_well_formed():
    told = summarize({Point(DESIGNS[0], 1, 200): SLOW})
    ElementTree.fromstring(standalone(chart(told, Columns(told))))


def test_a_reason_is_said_once_with_the_first_names():
    told = summarize(
        {Point(design, seed, 200): SLOW for design in DESIGNS[:4] for seed in (1, 2)}
        | {Point(DESIGNS[4], 1, 200): routed(9), Point(DESIGNS[4], 2, 200): SLOW}
    )
    refused = [Refused("3x3", "it is odd"), Refused("5x5", "it is odd")]
    names = ("4x4, 4 lanes", "4x8, 8 lanes", "8x4, 4 lanes")
    listed = "; ".join(f"{name}, ecp5, LFE5U-25F-6" for name in names)
    assert reasons(told, refused) == [
        f"{listed}; 2 more: not routed in time: it took long",
        "3x3; 5x5: left out: it is odd",
    ]
