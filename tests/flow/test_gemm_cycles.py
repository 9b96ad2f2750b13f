"""Networks on simulated hardware: golden's bits, in the cycles that are predicted."""

import numpy as np
import pytest
from gemm_networks import dense_graph, fully_connected_graph, gemm_config, random_gemm_graph

from flow.board_catalog import board_names, find_board
from flow.board_predictions import NETWORKS, inferences_per_second, networks
from flow.gemm_cycles import gemm_cycles, list_cycles
from flow.gemm_program import compile_gemm
from flow.job import Level
from flow.netlist_level import NetlistLevel
from flow.network_run import run_network
from flow.random_graphs import random_inputs
from sim.simulator import Simulator

CONFIGS = [
    gemm_config(2, activations=200, weights=300, jobs=2),
    gemm_config(4, lanes=1, weights=200, jobs=40),
    gemm_config(4, lanes=4, depth=5, weights=1024, jobs=3),
]
BOARDS = [name for name in board_names() if find_board(name).config.gemm]
GRAPHS = {
    "convolutions": dense_graph,
    "products": fully_connected_graph,
    "anything": lambda rng: random_gemm_graph(rng, layers=8),
}


@pytest.mark.long
@pytest.mark.parametrize("config", CONFIGS, ids=["2x2", "4x4", "4x4 four lanes"])
@pytest.mark.parametrize("kind", GRAPHS)
def test_hardware_takes_the_cycles_that_are_predicted(config, kind):
    if (missing := Simulator.VERILATOR.missing()) is not None:
        pytest.skip(missing)
    rng = np.random.default_rng(3)
    graph = GRAPHS[kind](rng)
    run = run_network(graph, random_inputs(graph, rng), config, Level.VERILATOR)
    assert run.equal
    assert run.result.registers == {"cycles": gemm_cycles(run.program).cycles}


def test_a_network_takes_the_cycles_of_its_lists():
    graph = dense_graph(np.random.default_rng(3))
    program = compile_gemm(graph, CONFIGS[0])
    cycles = [list_cycles(jobs, program.config) for jobs in program.lists()]
    done = gemm_cycles(program)
    assert len(cycles) > len(graph.layers)
    assert (done.cycles, done.longest) == (sum(cycles), max(cycles))
    assert set(done.layers) == set(program.layers)


@pytest.mark.long
@pytest.mark.parametrize("name", BOARDS)
def test_the_netlist_of_a_boards_accelerator_takes_them_too(name):
    """In Icarus, where what was never written is unknown."""
    if (missing := Simulator.ICARUS.missing()) is not None:
        pytest.skip(missing)
    board, rng = find_board(name), np.random.default_rng(3)
    graph = dense_graph(rng, (3, 4), 4)
    level = NetlistLevel(board.family, Simulator.ICARUS)
    run = run_network(graph, random_inputs(graph, rng), board.config, level)
    assert run.equal
    assert run.result.registers == {"cycles": gemm_cycles(run.program).cycles}


@pytest.mark.long
@pytest.mark.parametrize("name", BOARDS)
def test_keyword_spotting_on_the_accelerator_of_a_board(name):
    """Eleven layers, 22,016 weights: bits and cycles of a network that people run."""
    if (missing := Simulator.VERILATOR.missing()) is not None:
        pytest.skip(missing)
    graph, board = networks()[NETWORKS[0]], find_board(name)
    inputs = random_inputs(graph, np.random.default_rng(1))
    run = run_network(graph, inputs, board.config, Level.VERILATOR)
    assert run.equal
    seconds = run.result.cycles / float(board.made_frequency) / 1e6
    assert inferences_per_second(board, graph) == pytest.approx(1 / seconds)
