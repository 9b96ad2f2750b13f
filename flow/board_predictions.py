"""How many inferences a second a board's accelerator does, from its clock and exact cycles."""

from collections.abc import Mapping
from functools import cache

from flow.board import Board
from flow.compiler import compile_graph
from flow.cycles import predict_cycles
from flow.example_networks import autoencoder_network, keyword_network, residual_network
from flow.gemm_cycles import gemm_cycles
from flow.gemm_program import compile_gemm
from flow.graph import Graph
from hw.gemm_accelerator_config import GemmAcceleratorConfig

__all__ = ["NETWORKS", "inferences_per_second", "networks"]

NETWORKS = ("keyword spotting", "residual network", "autoencoder")
"""Titles of the networks."""


@cache
def networks() -> Mapping[str, Graph]:
    """The networks by their titles."""
    made = (keyword_network(), residual_network(), autoencoder_network())
    return dict(zip(NETWORKS, made, strict=True))


def inferences_per_second(board: Board, graph: Graph) -> float | None:
    """Return how often a second a network runs, or None if it does not fit the memories.

    From the start of a program to its end, one image a program, at the board's clock; what goes
    over the serial line is not in it, nor what the host computes where the accelerator runs GEMM
    jobs.
    """
    try:
        cycles = _cycles(board, graph)
    except ValueError:
        return None
    return float(board.made_frequency) * 1e6 / cycles


def _cycles(board: Board, graph: Graph) -> int:
    """Raises ValueError if the network does not fit, or one of its matrix products."""
    config = board.config
    if not isinstance(config, GemmAcceleratorConfig):
        return predict_cycles(compile_graph(graph, config).instructions, config).cycles
    program = compile_gemm(graph, config)
    for name, reason in program.left_out.items():
        raise ValueError(f"layer {name} does not fit: {reason}")
    return gemm_cycles(program).cycles
