"""How many inferences a second a board's accelerator does, from its clock and exact cycles."""

from collections.abc import Mapping
from functools import cache

from flow.board import Board
from flow.compiler import compile_graph
from flow.cycles import predict_cycles
from flow.example_networks import autoencoder_network, keyword_network, residual_network
from flow.graph import Graph

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
    over the serial line is not in it.
    """
    try:
        program = compile_graph(graph, board.config)
    except ValueError:
        return None
    cycles = predict_cycles(program.instructions, board.config).cycles
    return float(board.made_frequency) * 1e6 / cycles
