"""Models of primitives: added to what needs them, and refusing what they do not model."""

from pathlib import Path

import pytest

from golden.scheme import Scheme
from hw.config import EngineConfig
from hw.emit import emit_verilog
from hw.gemm_axis import GemmAxis
from hw.multiplier import Multiplier
from hw.multiplier_kind import MultiplierKind
from sim import icarus, verilator
from sim.errors import SimulationError
from sim.primitive_models import primitive_models, with_primitive_models
from sim.simulator import Simulator

BUILD_ROOT = Path("build/sim")
BUILDERS = {Simulator.VERILATOR: verilator.build, Simulator.ICARUS: icarus.build}


def multiplier(kind=MultiplierKind.ECP5):
    return emit_verilog(Multiplier(8, 8, kind=kind), "dut")


def test_a_model_is_added_where_its_primitive_is():
    text = multiplier()
    assert "module MULT18X18D" not in text
    assert [path.name for path in primitive_models(text)] == ["mult18x18d.v"]
    whole = with_primitive_models(text)
    assert whole.count("module MULT18X18D ") == 1
    assert with_primitive_models(whole) == whole


def test_nothing_is_added_to_portable_text():
    text = multiplier(MultiplierKind.PORTABLE)
    assert with_primitive_models(text) == text


def test_an_engine_of_dsp_blocks_multiplies_with_nothing_else():
    config = EngineConfig(rows=4, cols=2, schemes={Scheme.SHIFT}, multiplier=MultiplierKind.ECP5)
    text = emit_verilog(GemmAxis(config), "dut")
    assert " * " not in text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('.REG_INPUTA_CLK("CLK0")', '.REG_INPUTA_CLK("CLK1")'),
        ('.REG_OUTPUT_CLK("CLK0")', '.REG_OUTPUT_CLK("CLK10")'),
        ('.GSR("DISABLED")', '.GSR("ENABLED")'),
        ('.GSR("DISABLED")', '.GSR("DISABLED"),\n    .REG_PIPELINE_CLK("CLK0")'),
        (".SOURCEA(1'h0)", ".SOURCEA(1'h0),\n    .SRIA0(1'h1)"),
    ],
)
@pytest.mark.parametrize("simulator", Simulator)
def test_modes_that_are_not_modelled_are_refused(simulator, old, new):
    if (missing := simulator.missing()) is not None:
        pytest.skip(missing)
    text = multiplier()
    assert old in text
    with pytest.raises(SimulationError, match="refuses dut"):
        BUILDERS[simulator](text.replace(old, new), "dut", waves=False, build_root=BUILD_ROOT)
