"""Whole accelerators, as they are placed and routed, pass the testbenches of their RTL.

Those of jobs for iCE40s and Gowin's parts, which boards carry, are in `test_gemm_netlist.py`.
"""

import pytest

from flow.netlist_verilog import netlist_verilog
from flow.parts import Family
from sim import testbench
from sim.simulator import Simulator
from sim.testbenches import accelerator_programs, gemm_accelerator

JOBS = {"rows": 2, "cols": 2, "lanes": 1, "depth": 16, **gemm_accelerator.SMALLEST}
PROGRAMS = {"rows": 1, "cols": 1, "depth": 2, **accelerator_programs.SMALLEST}

ACCELERATORS = [
    (Family.ECP5, "gemm_accelerator", JOBS, ()),
    (Family.XC7, "gemm_accelerator", JOBS, ()),
    (Family.ICE40, "accelerator_programs", PROGRAMS, ("legal_programs/part=1",)),
]


@pytest.mark.long
@pytest.mark.parametrize(("family", "name", "sizes", "tests"), ACCELERATORS)
def test_a_whole_accelerator_passes_its_testbench(family, name, sizes, tests):
    if (missing := Simulator.ICARUS.missing()) is not None:
        pytest.skip(missing)
    case = testbench.Case(name, sizes, long=True)
    result = testbench.run_case(
        case,
        simulator=Simulator.ICARUS,
        seed=1,
        tests=tests,
        emit=lambda component, top: netlist_verilog(component, top, family),
    )
    assert result.ok, testbench.report(case, result, Simulator.ICARUS)
