"""Boards from the pins on: oscillator, PLL, reset, serial line and host driver, a job on each."""

from functools import cache

import numpy as np
import pytest
from gemm_networks import dense_graph

from flow.board_catalog import board_names, find_board
from flow.board_files import board_files, top_name
from flow.board_options import changed_board
from flow.gemm_cycles import gemm_cycles
from flow.gemm_machine import GemmMachine
from flow.gemm_program import compile_gemm
from flow.host import Host
from flow.host_errors import LinkError, OtherHardwareError
from flow.network_run import compile_network
from flow.program_machine import GoldenMachine, HostMachine
from flow.random_graphs import random_graph, random_inputs
from flow.reference import run_reference
from sim.errors import SimulationError
from sim.simulated_board import SimulatedBoard, open_board
from sim.simulator import Simulator

SMALL = {
    "rows": 2,
    "cols": 2,
    "lanes": 1,
    "depth": 16,
    "schemes": "float32,fixed,shift",
    "activation_bytes": 512,
    "weight_words": 64,
    "parameter_words": 32,
    "program_words": 256,
}
NAMES = [name for name in board_names() if not find_board(name).config.gemm]
GEMM_NAMES = [name for name in board_names() if find_board(name).config.gemm]
QUICK = "icebreaker"  # has the fewest cycles a bit


@cache
def small(name):
    return changed_board(find_board(name), SMALL)


@cache
def verilog(name, top):
    """What `lastbit verilog --board` writes; of boards that differ only in pins it is the same."""
    return board_files(small(name), top)[f"{top}.v"]


def opened(name, clock_error=1.0):
    """A board and its simulation."""
    if (missing := Simulator.VERILATOR.missing()) is not None:
        pytest.skip(missing)
    board, top = small(name), "lastbit_board"
    clock = float(board.clock) * clock_error
    return board, open_board(verilog(name, top), top, clock_mhz=clock, baud=board.baud)


def job(config, seed=5):
    random = np.random.default_rng(seed)
    graph = random_graph(random, layers=2, largest=3)
    return graph, compile_network(graph, config), random_inputs(graph, random)


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_a_job_gives_the_same_bits_as_golden(name):
    board, link = opened(name)
    graph, program, inputs = job(board.config)
    with link:
        machine = HostMachine(program, Host(link, timeout=0.1), patience=0.01)
        runs = [machine.run(inputs) for _ in range(2)]
    golden = GoldenMachine(program).run(inputs)
    expected = run_reference(graph, inputs)
    for run in runs:
        for layer in graph.layers:
            np.testing.assert_array_equal(run.tensors[layer.name], expected[layer.name])
        assert run.counters == golden.counters


@pytest.mark.long
@pytest.mark.parametrize("name", GEMM_NAMES)
def test_matrix_products_give_the_same_bits_as_golden(name):
    board, link = opened(name)
    random = np.random.default_rng(5)
    graph = dense_graph(random)
    program, inputs = compile_gemm(graph, board.config), random_inputs(graph, random)
    assert len(program.layers) == len(graph.layers)
    with link:
        machine = GemmMachine(program, Host(link, timeout=0.1), patience=0.01)
        runs = [machine.run(inputs) for _ in range(2)]
    expected = run_reference(graph, inputs)
    for run in runs:
        for layer in graph.layers:
            np.testing.assert_array_equal(run.tensors[layer.name], expected[layer.name])
        assert run.registers == {"cycles": gemm_cycles(program).cycles}


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "difference"),
    [
        (QUICK, "parameter_words must be 64, and the hardware says 32"),
        (NAMES[-1], "parameter_words must be 64, and the hardware says 32"),
    ],
)
def test_another_configuration_is_refused_by_name(name, difference):
    board, link = opened(name)
    other = changed_board(board, {"parameter_words": 64})
    with link, pytest.raises(OtherHardwareError, match=f"^{difference}"):
        Host(link, timeout=0.1).check(other.config)


@pytest.mark.long
@pytest.mark.parametrize(("name", "other", "bit"), [(QUICK, NAMES[-1], 0), (NAMES[-1], QUICK, 1)])
def test_the_other_accelerator_is_refused(name, other, bit):
    _, link = opened(name)
    with link, pytest.raises(OtherHardwareError, match=f"^gemm must be {bit}, and"):
        Host(link, timeout=0.1).check(small(other).config)


@pytest.mark.long
@pytest.mark.parametrize(("error", "works"), [(0.98, True), (1.02, True), (0.9, False)])
def test_how_wrong_a_clock_may_be(error, works):
    _, link = opened(QUICK, clock_error=error)
    with link:
        if works:
            assert Host(link, timeout=0.05).status().error_address == 0
        else:
            with pytest.raises((LinkError, SimulationError)):
                Host(link, timeout=0.05, attempts=2)


def test_a_name_of_a_top_module_is_an_identifier():
    assert top_name(find_board("tang-nano-9k")) == "lastbit_tang_nano_9k"


def test_a_simulator_that_has_ended_is_told(tmp_path):
    program = tmp_path / "broken"
    program.write_text("#!/bin/sh\necho no stop bit\n")
    program.chmod(0o755)
    with pytest.raises(SimulationError, match=r"^the simulator of the board has ended\n.*stop bit"):
        SimulatedBoard(program, clock_mhz=12, baud=10**6)
