"""Netlists: what is counted, and that a Yosys that does nothing is found out."""

import json

import pytest
from amaranth.hdl import Cat, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from flow.errors import UserError
from flow.parts import Family
from flow.synthesis import CellCounts, count_cells, synthesize
from hw.config import EngineConfig
from hw.multiplier_kind import MultiplierKind
from hw.output_buffer import OutputBuffer
from hw.pipeline import copied
from hw.systolic_array import SystolicArray

NETLISTS = {
    "nothing": None,
    "no JSON": "",
    "another module": json.dumps({"modules": {"other": {"cells": {}}}}),
}


def array(kind=MultiplierKind.PORTABLE):
    return SystolicArray(EngineConfig(rows=4, cols=2, multiplier=kind))


@pytest.mark.parametrize(
    ("family", "cells", "counts"),
    [
        (
            Family.ECP5,
            {"LUT4": 5, "CCU2C": 3, "TRELLIS_FF": 7, "PFUMX": 2, "MULT18X18D": 1, "DP16KD": 4},
            CellCounts(11, 7, 1, 4, 0),
        ),
        (
            Family.ICE40,
            {"SB_LUT4": 5, "SB_CARRY": 3, "SB_DFFE": 2, "SB_DFF": 1, "SB_MAC16": 1},
            CellCounts(5, 3, 1, 0, 0),
        ),
        (
            Family.ICE40,
            {"SB_RAM40_4K": 3, "SB_RAM40_4KNR": 1, "SB_SPRAM256KA": 2},
            CellCounts(0, 0, 0, 4, 0, large_memories=2),
        ),
        (
            Family.GOWIN,
            {"LUT4": 5, "LUT1": 1, "ALU": 3, "DFFE": 2, "MULT9X9": 1, "SDPB": 2},
            CellCounts(9, 2, 1, 2, 0),
        ),
        (
            Family.XC7,
            {"LUT6": 5, "LUT2": 1, "CARRY4": 3, "FDRE": 2, "DSP48E1": 1, "RAMB18E1": 2},
            CellCounts(6, 2, 1, 2, 0),
        ),
    ],
)
def test_cells_are_summed_up(family, cells, counts):
    assert count_cells(cells, family) == counts


@pytest.mark.parametrize("netlist", NETLISTS)
def test_a_yosys_that_ends_well_without_a_netlist(tmp_path, netlist):
    def yosys(*commands):
        if NETLISTS[netlist] is not None:
            (tmp_path / "dut.json").write_text(NETLISTS[netlist])
        return ""

    with pytest.raises(UserError, match=r"^yosys must leave a netlist of dut in .*, and did not$"):
        synthesize(array(), "dut", Family.ECP5, tmp_path, yosys=yosys)


def test_an_old_netlist_is_not_taken_for_a_new_one(tmp_path):
    (tmp_path / "dut.json").write_text(json.dumps({"modules": {"dut": {"cells": {"a": {}}}}}))
    with pytest.raises(UserError, match=r"and did not$"):
        synthesize(array(), "dut", Family.ECP5, tmp_path, yosys=lambda *_: "")


def test_an_empty_netlist_is_told(tmp_path):
    def yosys(*commands):
        (tmp_path / "dut.json").write_text(json.dumps({"modules": {"dut": {"cells": {}}}}))
        return ""

    with pytest.raises(UserError, match=r"must hold cells, and holds none$"):
        synthesize(array(), "dut", Family.ECP5, tmp_path, yosys=yosys)


def test_a_yosys_that_fails_is_told(tmp_path):
    def yosys(*commands):
        raise RuntimeError("yosys failed on 'x' or after: no")

    with pytest.raises(UserError, match=r"^dut cannot be synthesized for ecp5: yosys failed"):
        synthesize(array(), "dut", Family.ECP5, tmp_path, yosys=yosys)


class Copies(wiring.Component):
    """A bit, and three copies of it in each of two parts."""

    def __init__(self):
        super().__init__({"i": In(1), "o": Out(6)})

    def elaborate(self, platform):
        m = Module()
        for part in range(2):
            m.submodules[f"part_{part}"] = inner = Module()
            copies = copied(inner, self.i, 3, name="copy")
            m.d.comb += self.o[3 * part : 3 * part + 3].eq(Cat(copies))
        return m


def test_registers_that_are_copies_stay(tmp_path):
    assert synthesize(Copies(), "dut", Family.ECP5, tmp_path).counts.flip_flops == 6


@pytest.mark.parametrize("family", [Family.ECP5, Family.ICE40, Family.GOWIN])
def test_nothing_is_read_that_nothing_drives(tmp_path, family):
    """A kept register of the buffer begins as 1."""
    netlist = synthesize(OutputBuffer(8, depth=16), "dut", family, tmp_path)
    cells = json.loads(netlist.path.read_text())["modules"]["dut"]["cells"]
    undriven = [
        (name, port)
        for name, cell in cells.items()
        for port, bits in cell["connections"].items()
        if cell["port_directions"][port] == "input" and "x" in bits
    ]
    assert undriven == []


@pytest.mark.parametrize("at_output", [True, False])
def test_results_wait_in_no_block_memory(tmp_path, at_output):
    """Its words come late; a register that takes nothing else would become one's own."""
    buffer = OutputBuffer(65, depth=64, at_output=at_output)
    assert synthesize(buffer, "dut", Family.ECP5, tmp_path).counts.memories == 0


@pytest.mark.long
def test_an_array_has_one_multiplier_an_element(tmp_path):
    netlist = synthesize(array(MultiplierKind.ECP5), "dut", Family.ECP5, tmp_path)
    assert netlist.counts.multipliers == 8
    # A tree of two adders of 17 bits and one of 18, in carry cells of two bits.
    assert netlist.counts.luts == 2 * (2 * 18 + 18)


@pytest.mark.long
@pytest.mark.parametrize(
    ("family", "kind"),
    [(Family.ECP5, MultiplierKind.ECP5), (Family.XC7, MultiplierKind.PORTABLE)],
)
def test_small_arrays_have_nets_that_are_named_like_bits_of_others(tmp_path, family, kind):
    component = SystolicArray(EngineConfig(rows=2, cols=2, multiplier=kind))
    assert synthesize(component, "dut", family, tmp_path).counts.multipliers == 4
