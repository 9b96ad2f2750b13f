"""Transitions of a waveform, and the power that OpenSTA makes of them."""

import pytest
from tiny_liberty import tiny_liberty

from flow.errors import UserError
from flow.gate_module import Instance, Module, Port
from flow.gate_netlist import GateNetlist
from flow.gate_power import Activity, measured_power, read_activity
from flow.gate_timing import ACTIVITY, is_there, time_netlist
from flow.liberty import read_library

CLOCK, DATA, INVERTED, STATE = 2, 3, 4, 5

WAVES = """\
$timescale 1ns $end
$scope module top $end
$var wire 1 ! clk $end
$var wire 1 " d $end
$var reg 1 % watched $end
$var wire 8 & wide [7:0] $end
$scope module half $end
$var wire 1 " d $end
$scope module inverter $end
$var wire 1 " A $end
$var wire 1 # Y $end
$upscope $end
$upscope $end
$scope module keeper $end
$var wire 1 ! CK $end
$var wire 1 # D $end
$var wire 1 $ Q $end
$upscope $end
$upscope $end
$enddefinitions $end
#0
$dumpvars
0!
x"
x#
x$
bx &
$end
#5
1!
0"
1#
#10
0!
1%
b101 &
#15
1!
1$
1"
0#
#20
0!
x$
#25
1!
0$
#30
0!
1$
"""


@pytest.fixture
def netlist(tmp_path):
    """An inverter in a module, and a flip-flop behind it."""
    path = tmp_path / "cells.lib"
    path.write_text(tiny_liberty())
    half = Module(
        [Instance("inverter", "INV", {"A": [2], "Y": [3]})],
        {"d": Port(True, [2]), "q": Port(False, [3])},
    )
    keeper = {"CK": [CLOCK], "D": [INVERTED], "Q": [STATE], "RN": ["1"]}
    top = Module(
        [
            Instance("half", "half", {"d": [DATA], "q": [INVERTED]}),
            Instance("keeper", "DFFR", keeper),
        ],
        {"clk": Port(True, [CLOCK]), "d": Port(True, [DATA]), "q": Port(False, [STATE])},
    )
    return GateNetlist("top", {"half": half, "top": top}, read_library(path))


@pytest.fixture
def waves(tmp_path):
    path = tmp_path / "waves.vcd"
    path.write_text(WAVES)
    return path


def test_only_changes_between_known_values_at_pins_of_cells_count(netlist, waves):
    activity = read_activity(waves, netlist)
    assert activity.cycles == 3
    assert activity.transitions == {
        "half/inverter/A": 1,
        "half/inverter/Y": 1,
        "keeper/CK": 6,
        "keeper/D": 1,
        "keeper/Q": 1,
    }
    assert activity.mean == 3 / (3 * 3)


@pytest.mark.parametrize(("old", "new"), [("inverter", "another"), (" clk ", " clock ")])
def test_another_waveform_is_refused(netlist, waves, old, new):
    waves.write_text(WAVES.replace(old, new).replace("keeper", "other" * (old == "inverter")))
    with pytest.raises(UserError, match="must be a waveform of top with its cells and its clock"):
        read_activity(waves, netlist)


@pytest.mark.skipif(not is_there(), reason="opensta: apt-get install opensta")
def test_power_is_that_of_every_pin(netlist):
    pins = {"half/inverter/A", "half/inverter/Y", "keeper/D", "keeper/Q"}

    def switching(count):
        activity = Activity(1000, dict.fromkeys(pins, count), count / 1000)
        return measured_power(netlist, 5, activity)[1]

    same = time_netlist(netlist, 5, {}, "all").power[1]
    assert same > 0
    assert switching(round(1000 * ACTIVITY)) == pytest.approx(same, rel=1e-3)
    assert switching(round(2000 * ACTIVITY)) == pytest.approx(2 * same, rel=1e-3)
    assert switching(0) == 0
