"""Where the clock goes in a netlist, under whatever names."""

import pytest
from tiny_liberty import tiny_liberty

from flow.gate_module import Instance, Module, Port, clock_nets
from flow.gate_netlist import GateNetlist
from flow.liberty import read_library

CLOCK, DATA, OTHER, GATED = 2, 3, 4, 5

LEAF = Module(
    [Instance("keeper", "DFFR", {"CK": [7], "D": [8], "Q": [9], "RN": ["1"]})],
    {"work_clk": Port(True, [7]), "d": Port(True, [8]), "q": Port(False, [9])},
)


@pytest.fixture
def library(tmp_path):
    path = tmp_path / "cells.lib"
    path.write_text(tiny_liberty())
    return read_library(path)


def top(*clocks):
    """A top with a leaf for each clock net."""
    leaves = [
        Instance(f"leaf{n}", "leaf", {"work_clk": [clock], "d": [DATA], "q": [10 + n]})
        for n, clock in enumerate(clocks)
    ]
    gate = Instance("gate", "NAND2", {"A": [CLOCK], "B": [DATA], "Y": [GATED]})
    ports = {"clk": Port(True, [CLOCK]), "d": Port(True, [DATA]), "other": Port(True, [OTHER])}
    return {"leaf": LEAF, "top": Module([*leaves, gate], ports)}


def test_a_clock_is_followed_down_under_other_names():
    assert clock_nets(top(CLOCK), "top", "clk") == {"leaf": {7}, "top": {CLOCK}}
    assert clock_nets(top(OTHER), "top", "clk") == {"leaf": set(), "top": {CLOCK}}


def test_a_clock_is_followed_through_modules():
    inside = Instance("leaf", "leaf", {"work_clk": [20], "d": [21], "q": [22]})
    ports = {"c": Port(True, [20]), "d": Port(True, [21]), "q": Port(False, [22])}
    outside = Instance("middle", "middle", {"c": [CLOCK], "d": [DATA], "q": [OTHER]})
    whole = {"leaf": LEAF, "middle": Module([inside], ports)}
    whole["top"] = Module([outside], {"clk": Port(True, [CLOCK]), "d": Port(True, [DATA])})
    assert clock_nets(whole, "top", "clk") == {"leaf": {7}, "middle": {20}, "top": {CLOCK}}


@pytest.mark.parametrize(
    ("clocks", "faults"),
    [
        ([CLOCK, CLOCK], []),
        ([CLOCK, OTHER], ["leaf1 in top: its clock is not the clock of top"]),
        ([CLOCK, GATED], ["leaf1 in top: its clock is not the clock of top"]),
        ([CLOCK, "0"], ["leaf1 in top: its clock is not the clock of top"]),
        ([GATED], ["keeper in leaf: pin CK is not at the clock"]),
    ],
)
def test_a_module_on_another_clock_is_a_fault(library, clocks, faults):
    assert GateNetlist("top", top(*clocks), library).clocking_faults() == faults
