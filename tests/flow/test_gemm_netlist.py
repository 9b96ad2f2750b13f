"""The accelerator of jobs as it is placed and routed gives golden's bits in as many cycles."""

import pytest

from flow.netlist_verilog import netlist_verilog
from flow.parts import Family
from sim import testbench
from sim.simulator import Simulator

SMALL = {"lanes": 1, "depth": 16, "schemes": ["FLOAT32"], "activation_words": 64}
WORDS = {"parameter_words": 16, "job_words": 32}
CASES = [
    # As large as the UP5K's large memories.
    (Family.ICE40, "SB_SPRAM256KA", {"rows": 2, "cols": 2, "weight_words": 16384}),
    (Family.ICE40, "SB_MAC16", {"rows": 4, "cols": 4, "weight_words": 128}),
    (Family.GOWIN, "SP", {"rows": 2, "cols": 2, "weight_words": 4096}),
    (Family.GOWIN, "SPX9", {"rows": 2, "cols": 2, "weight_words": 128}),
]


@pytest.mark.long
@pytest.mark.parametrize(("family", "cell", "sizes"), CASES)
def test_a_netlist_runs_jobs_as_golden_does(family, cell, sizes):
    if (missing := Simulator.ICARUS.missing()) is not None:
        pytest.skip(missing)

    def emit(component, name):
        text = netlist_verilog(component, name, family)
        assert f"\n  {cell} " in text
        return text

    case = testbench.Case("gemm_accelerator", {**SMALL, **WORDS, **sizes}, long=True)
    result = testbench.run_case(case, simulator=Simulator.ICARUS, seed=1, emit=emit)
    assert result.ok, testbench.report(case, result, Simulator.ICARUS)
