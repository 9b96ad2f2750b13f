import re
from xml.etree import ElementTree

import numpy as np
import pytest

from flow.charts import ClippingRange, Phase, histogram, pixels, timeline

UNIT = ClippingRange((-1, 1), (-0.5, 0.5))


def parts(svg, tag, kind=None):
    """The elements of one tag, and if given of one class."""
    return [e for e in ElementTree.fromstring(svg).iter(tag) if kind in (None, e.get("class"))]


def test_an_image_has_one_square_for_each_pixel_with_ink():
    image = np.zeros((4, 8))
    image[0, 0] = image[1, 1] = 0.5
    image[3, 7] = 1
    svg = pixels(image, label="3")
    paths = {path.get("opacity"): path.get("d") for path in parts(svg, "path")}
    assert paths == {"0.5": "M0 0h1v1h-1zM1 1h1v1h-1z", "1": "M7 3h1v1h-1z"}
    assert ElementTree.fromstring(svg).get("viewBox") == "0 0 8 4"


def test_shades_are_32nds_and_negative_ink_is_marked():
    svg = pixels(np.array([[-0.25, 0.26, 0.01, 7.0]]), label="map")
    shades = [(path.get("class"), path.get("opacity")) for path in parts(svg, "path")]
    assert shades == [("minus", "0.25"), (None, "0.25"), (None, "1")]


def test_a_histogram_has_one_bar_for_each_bin_with_values():
    values = np.array([-0.95, -0.94, 0.0, 0.9])
    bars = parts(histogram(values, UNIT, label="w", bins=4), "rect", "bar")
    heights = [float(bar.get("height")) for bar in bars]
    assert len(bars) == 3
    assert heights[0] > heights[1] == heights[2] > 0


def test_a_histogram_marks_the_ends_of_both_clipping_ranges():
    svg = histogram(np.array([-1.0, 0.0]), UNIT, label="w", bins=4)
    places = sorted(float(line.get("x1")) for line in parts(svg, "line", "clip"))
    middle = (places[0] + places[-1]) / 2
    wide, narrow = places[-1] - middle, places[-2] - middle
    assert len(places) == 4
    assert wide == pytest.approx(2 * narrow, abs=0.2)
    bars = [float(bar.get("x")) for bar in parts(svg, "rect", "bar")]
    assert bars == pytest.approx([places[0], middle], abs=0.2)


def test_one_range_for_all_channels_is_marked_once():
    svg = histogram(np.array([0.0, 3.0]), ClippingRange((0, 2), (0, 2)), label="x")
    assert len(parts(svg, "line", "clip")) == 2


def test_every_bar_lies_inside_the_picture_whatever_the_values():
    for values in ([0.0], [1e-30, 2e-30], [-1e6, 1e6], np.zeros(100_000)):
        for bar in parts(histogram(np.asarray(values), UNIT, label="x"), "rect", "bar"):
            x, width = float(bar.get("x")), float(bar.get("width"))
            assert 0 <= x < x + width <= 360


def test_a_timeline_stands_as_high_as_the_array_is_busy():
    used = np.repeat([0.0, 1.0, 0.0], [20, 60, 20])
    phases = [Phase("one", used), Phase("two", np.tile([1.0, 0.0, 0.0, 0.0], 75))]
    svg = timeline(phases, label="busy")
    areas = [path.get("d") for path in parts(svg, "path", "area")]
    heights = [[float(y) for y in re.findall(r"V([\d.]+)H", area)] for area in areas]
    one, two = map(np.asarray, heights)
    assert one.tolist() == [176] * 20 + [26] * 60 + [176] * 20
    assert len(two) == 300
    assert {"one", "two", "0%", "100%", "400"} <= {text.text for text in parts(svg, "text")}


def test_names_without_room_are_left_out_but_shown_when_pointed_at():
    phases = [Phase("a long name", np.ones(5)), Phase("wide", np.ones(995))]
    svg = timeline(phases, label="busy", unit="rows")
    texts = {text.text for text in parts(svg, "text")}
    assert {"wide", "rows"} <= texts
    assert "a long name" not in texts
    assert [title.text for title in parts(svg, "title")] == ["a long name", "wide"]


def test_a_pixel_of_a_timeline_is_the_mean_of_its_cycles():
    svg = timeline([Phase("long", np.tile([1.0, 0.0, 0.0, 0.0], 9480))], label="busy")
    (area,) = parts(svg, "path", "area")
    heights = {float(y) for y in re.findall(r"V([\d.]+)H", area.get("d"))}
    assert heights == {138.5}


def test_labels_are_escaped_and_say_what_the_picture_shows():
    root = ElementTree.fromstring(pixels(np.ones((8, 8)), label='read as "<3>" & wrong'))
    assert root.get("aria-label") == 'read as "<3>" & wrong'
    assert root.get("role") == "img"
