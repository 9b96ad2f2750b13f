from itertools import product

import pytest
from tiny_liberty import tiny_liberty

from flow.cell_models import cell_models, verilog_expression
from flow.errors import UserError
from flow.liberty import CellKind, read_library


@pytest.fixture
def library(tmp_path):
    path = tmp_path / "tiny.lib"
    path.write_text(tiny_liberty())
    return read_library(path)


def test_cells_have_their_area_kind_and_pins(library):
    assert library.name == "tiny"
    nand = library.cells["NAND2"]
    assert (nand.area, nand.leakage, nand.kind) == (3.0, 1.5, CellKind.LOGIC)
    assert [pin.name for pin in nand.pins] == ["A", "B", "Y"]
    assert library.cells["BUF4"].pin("Y").drive == 0.4
    assert library.cells["LATCH"].kind is CellKind.LATCH


def test_a_flip_flop_tells_its_clock_data_and_asynchronous_pins(library):
    cell = library.cells["DFFR"]
    assert cell.kind is CellKind.FLIP_FLOP
    pins = {name: cell.pins_of(name) for name in ("clocked_on", "next_state", "clear", "preset")}
    assert pins == {"clocked_on": ["CK"], "next_state": ["D"], "clear": ["RN"], "preset": []}


def test_tie_cells_are_found_by_what_they_put_out(library):
    assert [library.constant(value) for value in (0, 1)] == [("TIE0", "Y"), ("TIE1", "Y")]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "not a Liberty file: library is expected, not 'the end'"),
        ("garbage in a file", "not a Liberty file: library is expected, not 'garbage'"),
        ("library (x) {", "not a Liberty file: more is expected, not 'the end'"),
        ("library (x) { cell (A) { area : big; } }", "cell A has area 'big'"),
        ("library (x) { cell (A) { pin (P) { direction : up; } } }", "pin P has direction 'up'"),
        (tiny_liberty(without=["DFFR"]), "it must hold a flip-flop, and has none to use"),
        ("library (x) { }", "it must hold a gate, and has none to use"),
    ],
)
def test_what_is_no_library_is_refused(tmp_path, text, sentence):
    path = tmp_path / "bad.lib"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        read_library(path)
    assert str(path) in str(caught.value)
    assert sentence in str(caught.value)


def test_binary_files_and_folders_are_refused(tmp_path):
    path = tmp_path / "cells.lib.gz"
    path.write_bytes(b"\x1f\x8b\xff\xfe")
    with pytest.raises(UserError, match="not a text file; unpack it first"):
        read_library(path)
    with pytest.raises(UserError, match="Is a directory; name a readable"):
        read_library(tmp_path)


@pytest.mark.parametrize(
    ("function", "meaning"),
    [
        ("A", lambda a, b, c: a),
        ("A'", lambda a, b, c: 1 - a),
        ("!(A B)", lambda a, b, c: 1 - (a & b)),
        ("(A + B)'", lambda a, b, c: 1 - (a | b)),
        ("A * B + C", lambda a, b, c: (a & b) | c),
        ("A + B C", lambda a, b, c: a | (b & c)),
        ("A ^ B C", lambda a, b, c: (a ^ b) & c),
        ("(A&!B)|(!A&B)", lambda a, b, c: a ^ b),
        ("!A' !B'", lambda a, b, c: a & b),
        ("1", lambda a, b, c: 1),
    ],
)
def test_functions_mean_the_same_in_verilog(function, meaning):
    text = verilog_expression(function).replace("1'b", "")
    for a, b, c in product((0, 1), repeat=3):
        assert eval(text, {}, {"A": a, "B": b, "C": c}) & 1 == meaning(a, b, c), text


@pytest.mark.parametrize("function", ["", "A +", "(A", "A)", "A $ B", "!", "'A"])
def test_what_is_no_function_is_refused(function):
    with pytest.raises(ValueError, match="is not a Liberty expression"):
        verilog_expression(function)


def test_a_model_of_a_latch_is_refused(library):
    with pytest.raises(UserError, match="cell LATCH is a latch, of which no model can be made"):
        cell_models(library, ["LATCH"])
