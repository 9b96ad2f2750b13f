"""A small component in cells of a library that is made here; the engine in a real one."""

import os
import shutil
from dataclasses import replace
from functools import cache
from itertools import count
from pathlib import Path

import pytest
from tiny_liberty import tiny_liberty

from flow.asic import Ports, build_asic, run_gate_job, run_gate_pins, telling_job
from flow.cell_models import cell_models
from flow.errors import UserError
from flow.gate_fanout import MOST_LOADS
from flow.gate_module import Instance, Module
from flow.gate_synthesis import synthesize
from flow.gate_timing import is_there, time_netlist
from flow.liberty import read_library
from golden.scheme import Scheme
from hw.config import EngineConfig
from hw.emit import emit_verilog
from sim import testbench
from sim.runner import run
from sim.simulator import Simulator

TOP = "stream_buffer"
PARAMETERS = {"bits": 20}


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    path = tmp_path_factory.mktemp("liberty") / "tiny cells.lib"
    path.write_text(tiny_liberty())
    return read_library(path)


@pytest.fixture(scope="module")
def netlist(library):
    verilog = emit_verilog(testbench.testbenches()[TOP].build(**PARAMETERS), TOP)
    return synthesize(verilog, TOP, library, period_ns=5)


def with_instance(netlist, change):
    """The netlist with one instance of the top changed."""
    top = netlist.modules[netlist.top]
    changed = Module([change(instance) for instance in top.instances], top.ports)
    return replace(netlist, modules={**netlist.modules, netlist.top: changed})


def first(kind, change):
    """A change of the first instance of a kind."""
    seen = []

    def apply(instance):
        if instance.kind == kind and not seen:
            seen.append(instance)
            return change(instance)
        return instance

    return apply


def need_icarus():
    if (missing := Simulator.ICARUS.missing()) is not None:
        pytest.skip(missing)


def simulate(netlist, tests=()):
    verilog = netlist.verilog + cell_models(netlist.library, netlist.total.cells)
    need_icarus()
    result = run(
        verilog,
        TOP,
        f"sim.testbenches.{TOP}",
        simulator=Simulator.ICARUS,
        seed=1,
        parameters=PARAMETERS,
        tests=tests,
    )
    return result.failures


def test_areas_and_flip_flops_add_up(netlist, library):
    total = netlist.total
    assert total.flip_flops == total.cells["DFFR"] == 2 * PARAMETERS["bits"] + 6
    assert total.area == sum(library.cells[name].area * n for name, n in total.cells.items())
    assert netlist.blocks({}, "all")["all"] == total


def test_the_netlist_passes_the_testbench_from_unknown_flip_flops(netlist):
    assert not simulate(netlist, ["reset_empties_it", "latency_and_throughput"])


@pytest.mark.parametrize("kind", ["NAND2", "NOR2"])
@pytest.mark.long
def test_one_wrong_gate_fails_the_testbench(netlist, kind):
    other = {"NAND2": "NOR2", "NOR2": "NAND2"}[kind]
    assert simulate(with_instance(netlist, first(kind, lambda i: replace(i, kind=other))))


def test_no_net_but_the_clock_has_too_many_loads(netlist):
    top = netlist.modules[TOP]
    clock = top.ports["clk"].nets[0]
    loads = {}
    for instance in top.instances:
        cell = netlist.library.cells[instance.kind]
        for pin, nets in instance.pins.items():
            if pin not in ("Q", "Y") and cell.pin(pin) is not None:
                loads[nets[0]] = loads.get(nets[0], 0) + 1
    tied = {i.pins["Y"][0] for i in top.instances if i.kind.startswith("TIE")}
    assert loads[clock] > MOST_LOADS
    assert max(n for net, n in loads.items() if net != clock and net not in tied) <= MOST_LOADS
    assert netlist.total.cells["BUF4"] > 0


def test_one_clock_and_no_latch(netlist):
    assert netlist.clocking_faults() == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (
            lambda i: Instance(i.name, "LATCH", {"D": i.pins["D"], "G": i.pins["CK"]}),
            "is a latch (LATCH)",
        ),
        (lambda i: replace(i, pins={**i.pins, "CK": i.pins["D"]}), "pin CK is not at the clock"),
        (lambda i: replace(i, pins={**i.pins, "RN": i.pins["D"]}), "pin RN is not tied off"),
    ],
)
def test_a_planted_latch_gated_clock_or_asynchronous_reset_is_found(netlist, change, fault):
    faults = with_instance(netlist, first("DFFR", change)).clocking_faults()
    assert len(faults) == 1
    assert faults[0].endswith(fault)


def test_a_cell_that_the_library_lacks_is_named(netlist):
    with pytest.raises(UserError, match="it has no cell for MISSING in stream_buffer"):
        with_instance(netlist, first("NOR2", lambda i: replace(i, kind="MISSING")))


@pytest.mark.skipif(not is_there(), reason="opensta: apt-get install opensta")
def test_opensta_times_the_netlist(netlist):
    timing = time_netlist(netlist, 5, {}, "all")
    assert set(timing.slack) == {"all"}
    assert 0.1 < timing.shortest_period() < 5
    assert timing.power[3] >= timing.power[2] > 0
    assert "Endpoint:" in timing.path


SMALL = EngineConfig(rows=2, cols=2, depth=2, lanes=1, schemes=frozenset({Scheme.SHIFT}))


@cache
def engine(ports=Ports.STREAMS, config=SMALL):
    path = os.environ.get("LASTBIT_LIBERTY")
    if path is None:
        pytest.skip("LASTBIT_LIBERTY names no Liberty file")
    return build_asic(config, read_library(Path(path)), period_ns=4, ports=ports)


@pytest.mark.long
def test_the_engine_in_gates_gives_the_bits_of_golden():
    need_icarus()
    netlist = engine().netlist
    for seed in range(2):
        job = telling_job(SMALL, seed)
        outputs = run_gate_job(job, netlist, simulator=Simulator.ICARUS).outputs
        assert (outputs == job.golden()).all(), seed


@pytest.mark.long
@pytest.mark.parametrize("scheme", [Scheme.FLOAT32, Scheme.FIXED, Scheme.SHIFT])
def test_a_4x4_in_gates_gives_the_bits_of_golden_in_every_scheme(scheme):
    need_icarus()
    result = engine(config=EngineConfig(rows=4, cols=4, depth=8, lanes=1))
    jobs = (telling_job(result.config, seed) for seed in count())
    job = next(job for job in jobs if job.requantization.scheme is scheme)
    outputs = run_gate_job(job, result.netlist, simulator=Simulator.ICARUS).outputs
    assert (outputs == job.golden()).all()


@pytest.mark.long
def test_one_wrong_gate_of_a_multiplier_gives_other_bits():
    need_icarus()
    netlist = engine().netlist
    name = next(name for name in netlist.modules if name.endswith("multiplier0"))
    module = netlist.modules[name]
    other = {"xnor2": "xor2", "xor2": "xnor2"}
    wrong, done = [], False
    for instance in module.instances:
        word = next((word for word in other if f"_{word}_" in instance.kind), None)
        pins = instance.pins
        if word and not done:
            kind = next(k for k in netlist.library.cells if f"_{other[word]}_" in k)
            names = {"X": "Y", "Y": "X"}
            pins = {names.get(pin, pin): nets for pin, nets in pins.items()}
            instance, done = Instance(instance.name, kind, pins), True
        wrong.append(instance)
    assert done
    changed = {**netlist.modules, name: Module(wrong, module.ports)}
    job = telling_job(SMALL, 0)
    bad = replace(netlist, modules=changed)
    outputs = run_gate_job(job, bad, simulator=Simulator.ICARUS).outputs
    assert (outputs != job.golden()).any()


@pytest.mark.long
@pytest.mark.skipif(shutil.which("sta") is None, reason="opensta: apt-get install opensta")
def test_every_block_of_the_engine_is_timed():
    result = engine()
    assert set(result.timing.slack) == set(result.blocks)
    area = sum(block.area for block in result.blocks.values())
    assert area == pytest.approx(result.netlist.total.area)


@pytest.mark.long
def test_the_tinytapeout_project_in_gates_runs_jobs_through_its_pins():
    need_icarus()
    result = engine(Ports.TINYTAPEOUT)
    assert set(result.netlist.modules["tt_um_lastbit"].ports) == {
        *("clk", "rst_n", "ena", "ui_in", "uo_out", "uio_in", "uio_out", "uio_oe")
    }
    run = run_gate_pins(SMALL, result.netlist, simulator=Simulator.ICARUS, seed=2)
    assert run.passed
    assert not run.failures


def test_a_register_has_no_power_up_value(library):
    # It would be 1 for a cycle; without that it is 0 always, and no register.
    verilog = "module m(input clk, output reg q = 1); always @(posedge clk) q <= 0; endmodule"
    assert synthesize(verilog, "m", library, period_ns=5).total.flip_flops == 0
