"""What is placed and routed computes what the RTL does: memories and engines."""

import re
from functools import cache

import numpy as np
import pytest
from netlist_memory import TestedMemory
from netlist_products import Products

from flow.asic import telling_job
from flow.errors import UserError
from flow.job import TOP, Level, run_job
from flow.netlist_cells import cell_models
from flow.netlist_level import NetlistLevel
from flow.netlist_verilog import netlist_verilog
from flow.parts import Family
from hw.config import EngineConfig
from hw.gemm_axis import GemmAxis
from hw.multiplier_kind import MultiplierKind
from sim import testbench
from sim.runner import run
from sim.simulator import Simulator

ENGINES = [
    *((family, MultiplierKind.PORTABLE) for family in Family),
    (Family.ECP5, MultiplierKind.ECP5),
    (Family.ECP5, MultiplierKind.ECP5_LUT),
    (Family.ICE40, MultiplierKind.ICE40),
    (Family.GOWIN, MultiplierKind.LUT),
    (Family.XC7, MultiplierKind.XC7),
]

MEMORIES = [
    *((Family.ECP5, "DP16KD", *shape) for shape in ((36, 512, 9), (18, 1024, 18), (9, 2048, 9))),
    *((Family.ECP5, "DP16KD", *shape) for shape in ((4, 4096, 4), (2, 8192, 2), (1, 16384, 1))),
    (Family.GOWIN, "SDPX9B", 36, 512, 9),
    *((Family.GOWIN, "DPX9B", *shape) for shape in ((18, 1024, 9), (9, 2048, 9))),
    *((Family.GOWIN, "DPB", *shape) for shape in ((4, 4096, 4), (1, 16384, 1))),
    *((Family.XC7, "RAMB18E1", *shape) for shape in ((36, 512, 9), (18, 1024, 9), (1, 16384, 1))),
    *((Family.XC7, "RAMB36E1", *shape) for shape in ((72, 512, 9), (9, 4096, 9), (4, 8192, 4))),
    *((Family.ICE40, "SB_RAM40_4K", *shape) for shape in ((16, 256, 1), (2, 2048, 2))),
]


def need_icarus():
    if (missing := Simulator.ICARUS.missing()) is not None:
        pytest.skip(missing)


def small(kind):
    return EngineConfig(rows=4, cols=2, depth=8, lanes=1, multiplier=kind)


@cache
def element():
    """The netlist of an element of the array, and what its testbench takes."""
    parameters = {"group": 2, "above": 2}
    component = testbench.testbenches()["processing_element"].build(**parameters)
    return netlist_verilog(component, "processing_element", Family.ECP5), parameters


def failures(text):
    need_icarus()
    _, parameters = element()
    result = run(
        text,
        "processing_element",
        "sim.testbenches.processing_element",
        simulator=Simulator.ICARUS,
        seed=1,
        parameters=parameters,
    )
    return result.failures


@pytest.mark.long
@pytest.mark.parametrize(("family", "kind"), ENGINES)
def test_an_engine_gives_the_bits_of_golden_in_the_cycles_of_the_rtl(family, kind):
    need_icarus()
    job = telling_job(small(kind), seed=1)
    rtl = run_job(job, Level.ICARUS)
    netlist = run_job(job, NetlistLevel(family, Simulator.ICARUS))
    np.testing.assert_array_equal(netlist.outputs, job.golden())
    assert netlist.cycles == rtl.cycles


@pytest.mark.parametrize(
    ("family", "block", "width", "depth", "part"),
    [pytest.param(*case, marks=[pytest.mark.long] if i else []) for i, case in enumerate(MEMORIES)],
)
def test_a_block_memory_holds_what_is_written(family, block, width, depth, part):
    need_icarus()
    shape = {"width": width, "depth": depth, "part": part}
    text = netlist_verilog(TestedMemory(**shape), "memory", family)
    assert re.search(rf"^  {block} ", text, re.MULTILINE)
    result = run(
        text, "memory", "netlist_memory", simulator=Simulator.ICARUS, seed=1, parameters=shape
    )
    assert result.ok, result.failures


@pytest.mark.parametrize(
    "family",
    [
        pytest.param(family, marks=[] if family is Family.ICE40 else [pytest.mark.long])
        for family in Family
    ],
)
def test_no_product_is_lost(family):
    need_icarus()
    text = netlist_verilog(Products(), "products", family)
    result = run(text, "products", "netlist_products", simulator=Simulator.ICARUS, seed=1)
    assert result.ok, result.failures


def test_an_element_passes_its_testbench():
    assert not failures(element()[0])


def flipped(text, bit):
    """The text with one bit of a look-up table the other way."""
    found = re.search(r"  CCU2C #\(\s+\.INIT0\(16'h([0-9a-f]+)\)", text)
    value = int(found[1], 16) ^ 1 << bit
    return text[: found.start(1)] + f"{value:x}" + text[found.end(1) :]


@pytest.mark.parametrize(
    "plant",
    [
        pytest.param(lambda text: flipped(text, 9), id="a bit of a LUT"),
        pytest.param(
            lambda text: text.replace(".CE(i_load)", ".CE(1'h1)", 1), id="no clock enable"
        ),
        pytest.param(
            lambda text: re.sub(r"\.A3\([^)]*\)", ".A3(1'h0)", text, count=1),
            id="a bit of an operand",
            marks=pytest.mark.long,
        ),
        pytest.param(
            lambda text: re.sub(r"\.CIN\(_\w+(\[\d+\])?\)", ".CIN(1'h0)", text, count=1),
            id="a carry cut",
            marks=pytest.mark.long,
        ),
    ],
)
def test_a_planted_bug_in_a_netlist_fails_the_testbench(plant):
    text = element()[0]
    planted = plant(text)
    assert planted != text
    assert failures(planted)


def test_a_cell_without_a_model_is_named():
    with pytest.raises(UserError, match="there is no simulation model of gowin's cell EMCU"):
        cell_models(Family.GOWIN, ["LUT4", "EMCU"])


def test_no_memory_begins_with_zeros():
    shape = {"width": 8, "depth": 16, "part": 8}
    text = netlist_verilog(TestedMemory(**shape), "memory", Family.GOWIN)
    cell = text[text.index("  RAM16SDP4 #(") :].partition(";")[0]
    assert len(re.findall(r"\.INIT_\d\(`LASTBIT_UNKNOWN\(16\)\)", cell)) == 4


@pytest.mark.long
def test_a_family_that_has_no_such_primitive_is_told():
    config = EngineConfig(rows=1, cols=1, multiplier=MultiplierKind.ECP5)
    with pytest.raises(UserError, match=r"^lastbit_gemm cannot be synthesized for gowin: "):
        netlist_verilog(GemmAxis(config), TOP, Family.GOWIN)


def test_one_function_runs_rtl_and_netlists(monkeypatch):
    ran = []
    monkeypatch.setattr("flow.job.netlist_verilog", lambda *_: "netlist")
    monkeypatch.setattr(
        "flow.job.run_verilog", lambda job, text, **options: ran.append((text, options))
    )
    job = telling_job(small(MultiplierKind.ECP5), seed=1)
    run_job(job, NetlistLevel(Family.ECP5))
    assert ran[0][0] == "netlist"
    assert ran[0][1]["simulator"] is Simulator.VERILATOR
