"""What OpenSTA prints is read; it goes on after errors and ends with status 0."""

import pytest

from flow import gate_timing
from flow.errors import UserError
from flow.gate_module import Instance, Module, Port, netlist_verilog, read_modules

LOG = """\
== path
Startpoint: a
             1.250   slack (MET)
== block array
            -0.500   slack (VIOLATED)
== block empty
No paths found.
== power
Total                1.0e-02 2.0e-03 3.0e-06 1.2e-02 100.0%
== end
"""


def test_slack_and_power_are_read():
    timing = gate_timing._timing(LOG, 5.0, ["array", "empty"])
    assert timing.slack == {"array": -0.5}
    assert timing.power == (0.01, 0.002, 3e-06, 0.012)
    assert timing.shortest_period() == 3.75
    assert timing.shortest_period("array") == 5.5


@pytest.mark.parametrize(
    ("log", "sentence"),
    [
        (LOG.replace("1.250   slack", "1.250"), "OpenSTA reported no path; it said: "),
        (LOG.replace("Total", "Sum"), "OpenSTA reported no power; it said: "),
        ("", "OpenSTA reported no path; it said: "),
    ],
)
def test_a_report_with_gaps_is_refused(log, sentence):
    with pytest.raises(UserError, match=sentence):
        gate_timing._timing(log, 5.0, ["array"])


def test_names_become_plain_and_never_keywords():
    cell = {"hide_name": 0, "type": "\\a.b", "connections": {"$1": [2]}}
    ports = {"wire": {"direction": "input", "bits": [2]}}
    design = {
        "modules": {
            "top": {"attributes": {}, "cells": {"table": cell}, "ports": ports},
            "\\a.b": {
                "attributes": {},
                "cells": {},
                "ports": {"$1": {"direction": "input", "bits": [2]}},
            },
            "GATE": {"attributes": {"blackbox": "1"}, "cells": {}, "ports": {}},
        }
    }
    modules = read_modules(design)
    assert list(modules) == ["top", "_a_b"]
    assert modules["top"].instances == [Instance("table_", "_a_b", {"_1": [2]})]
    assert list(modules["top"].ports) == ["wire_"]


def test_vectors_constants_and_aliases_are_written_bit_by_bit():
    ports = {"a": Port(True, [2, 3]), "y": Port(False, [3, "1"])}
    text = netlist_verilog({"m": Module([Instance("g0", "C", {"P": [2, 9, "0"]})], ports)})
    assert text.split("\n") == [
        "module m (a, y);",
        "  input [1:0] a;",
        "  output [1:0] y;",
        "  wire n9;",
        "  C g0 (.P({1'b0, n9, a[0]}));",
        "  assign y[0] = a[1];",
        "  assign y[1] = 1'b1;",
        "endmodule",
        "",
    ]
