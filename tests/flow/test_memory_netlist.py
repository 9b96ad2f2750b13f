"""Memories with a register of their block, as netlists of an ECP5: their testbenches pass."""

import re
from dataclasses import dataclass
from functools import cache

import pytest

from flow.netlist_verilog import netlist_verilog
from flow.parts import Family
from sim import testbench
from sim.runner import run
from sim.simulator import Simulator

pytestmark = pytest.mark.long


@dataclass(frozen=True)
class Bench:
    """A memory, the tests of its testbench to run, and at which ports its words leave a block."""

    parameters: dict
    tests: tuple[str, ...]
    ports: str
    simulator: Simulator


BENCHES = {
    # The data of a port of 36 bits leave a block at both.
    "word_reader": Bench(
        {"width": 48, "depth": 512},
        ("host_reads_what_it_wrote", "latency_and_no_bubble_between_runs"),
        "AB",
        Simulator.ICARUS,
    ),
    # Windows have bytes that are read while they are written, which are unknown in Icarus.
    "activation_memory": Bench(
        {"size": 4096, "read": 4, "write": 4},
        ("windows_of_an_array_of_bytes",),
        "B",
        Simulator.VERILATOR,
    ),
}


@cache
def netlist(name):
    component = testbench.testbenches()[name].build(**BENCHES[name].parameters)
    return netlist_verilog(component, name, Family.ECP5)


def failures(name, text):
    bench = BENCHES[name]
    if (missing := bench.simulator.missing()) is not None:
        pytest.skip(missing)
    return run(
        text,
        name,
        f"sim.testbenches.{name}",
        simulator=bench.simulator,
        seed=1,
        parameters=bench.parameters,
        tests=bench.tests,
    ).failures


@pytest.mark.parametrize("name", BENCHES)
def test_the_register_behind_a_memory_is_the_blocks(name):
    text = netlist(name)
    for port in BENCHES[name].ports:
        assert f'.REGMODE_{port}("OUTREG")' in text
    assert not failures(name, text)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (r'\.REGMODE_{}\("OUTREG"\)', '.REGMODE_{}("NOREG")'),
        (r"\.OCE{}\([^)]*\)", ".OCE{}(1'h0)"),
    ],
    ids=["no register", "a register that is never enabled"],
)
@pytest.mark.parametrize(("name", "port"), [("word_reader", "A"), ("activation_memory", "B")])
def test_a_wrong_mode_of_a_port_fails(name, port, old, new):
    text = netlist(name)
    planted = re.sub(old.format(port), new.format(port), text, count=1)
    assert planted != text
    assert failures(name, planted)
