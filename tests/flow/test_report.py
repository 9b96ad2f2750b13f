import re
from dataclasses import fields
from html.parser import HTMLParser

import pytest

from flow.report import report

VOID = {"meta", "rect", "line", "path", "br"}


class Page(HTMLParser):
    """Checks that every element is closed in order, and collects what a test asks for."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.words = [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, words):
        if "style" not in self.open:
            self.words.append(words)

    def text(self):
        return " ".join(" ".join(self.words).split())

    def count(self, tag, **attributes):
        return sum(t == tag and attributes.items() <= a.items() for t, a in self.elements)


def test_the_page_stands_alone_and_is_well_formed(make_demo_result):
    text = report(make_demo_result())
    page = Page(text)
    assert page.count("html", lang="en") == 1
    assert not {tag for tag, _ in page.elements} & {"script", "link", "img", "iframe"}
    assert not re.search(r"https?:|url\(|@import|\bsrc=", text)
    assert "$" not in page.text()


def test_the_verdict_is_the_runs(make_demo_result):
    equal = Page(report(make_demo_result()))
    assert "All 99,700 elements equal, to the last bit" in equal.text()
    assert equal.count("h1", **{"class": "equal"}) == 1

    def change(tensors):
        tensors["logits"][:3] ^= 1

    different = Page(report(make_demo_result(change)))
    assert "30 of 99,700 elements differ from golden" in different.text()
    assert different.count("h1", **{"class": "different"}) == 1


def test_every_picture_says_what_it_shows(make_demo_result):
    page = Page(report(make_demo_result()))
    pictures = [a for tag, a in page.elements if tag == "svg"]
    maps = 1 + 8 + 8 + 8 + 8 + 16 + 16 + 1
    assert len(pictures) == 1 + 40 + (4 + 7) + maps
    assert all(a["role"] == "img" and len(a["aria-label"]) > 10 for a in pictures)


def test_feature_maps_are_the_outputs_of_the_first_digit_shown(make_demo_result, read_as):
    labels = make_demo_result().held_out.labels
    digits = labels.copy()
    digits[6] = (digits[6] + 1) % 10  # the only wrong one, so the first

    def change(tensors):
        read_as(digits)(tensors)
        tensors["average pooling"][6] = -128
        tensors["average pooling"][6, 1, 0, 5] = 127

    text = report(make_demo_result(change))
    label = 'aria-label="Channel {} of average pooling" shape-rendering="crispEdges">{}</svg>'
    assert label.format(5, '<path d="M0 1h1v1h-1z" opacity="1"/>') in text
    assert label.format(4, "") in text


@pytest.mark.parametrize("wrong", [0, 3, 45])
def test_wrong_digits_come_first_and_are_marked(make_demo_result, read_as, wrong):
    digits = make_demo_result().held_out.labels.copy()
    digits[-wrong or 50 :] = (digits[-wrong or 50 :] + 1) % 10
    page = Page(report(make_demo_result(read_as(digits))))
    items = [a.get("class") for tag, a in page.elements if tag == "li"]
    marked = min(wrong, 40)
    assert items == ["wrong"] * marked + [None] * (40 - marked)
    assert page.text().count("should be") == marked
    sentence = f"The first 40 of {wrong}" if wrong > 40 else f"All {wrong}"
    assert f"{sentence} held-out images that were read wrong" in page.text()


def test_tables_have_a_row_for_each_layer_and_network(make_demo_result):
    result = make_demo_result()
    page = Page(report(result))
    counters = len(fields(result.counters))
    assert page.count("th", scope="row") == 7 + 1 + counters + len(result.accuracies) + 7
    for words in ("8 × 8 × 8 25,600", "12.5%", "77,600", "int8 & bias", "max pooling 2 × 2"):
        assert words in page.text()
    accuracy = result.accuracies[0]
    assert f"{accuracy.right} of 50 {accuracy.fraction:.1%}" in page.text()


def test_words_from_the_run_are_escaped(make_demo_result):
    text = report(make_demo_result())
    assert "8 rows × 8 columns &lt;of elements&gt;" in text
    assert "<of elements>" not in text
