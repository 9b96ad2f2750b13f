"""Memories that are large enough for what an accelerator is to run."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace

from flow.compiled_program import CompiledProgram
from flow.graph import Graph
from flow.model_graph import largest_memories
from flow.network_run import compile_network
from hw.accelerator_config import AcceleratorConfig
from hw.config import EngineConfig
from hw.instruction import INSTRUCTION

__all__ = ["MEMORIES", "compile_together"]

MEMORIES = tuple(field.name for field in fields(AcceleratorConfig) if field.type is int)
"""Names of the parameters that are sizes of memories."""


def compile_together(
    graphs: Sequence[Graph], engine: EngineConfig, sizes: Mapping[str, int | None]
) -> list[CompiledProgram]:
    """Compile networks for one accelerator.

    Memories without a size in `sizes` get one that suffices: the default of the configuration, or
    the next power of two. All tensors keep a place of their own, if the memory is large enough.

    Raises
    ------
    UserError
        A network does not fit.
    ValueError
        A size is not legal.
    """
    given = {name: size for name, size in sizes.items() if size is not None}
    limit = replace(largest_memories(engine), **given)
    programs = [compile_network(graph, limit) for graph in graphs]
    default = AcceleratorConfig(engine)
    needed = {
        "activation_bytes": max(map(_activation_bytes, programs)),
        "weight_words": max(len(program.weights) for program in programs),
        "parameter_words": max(len(program.parameters) for program in programs),
        "program_words": max(len(p.instructions) for p in programs) * INSTRUCTION.words,
    }
    fitted = {
        name: max(getattr(default, name), 1 << (size - 1).bit_length())
        for name, size in needed.items()
    }
    config = replace(default, **(fitted | given))
    return [replace(program, config=config) for program in programs]


def _activation_bytes(program: CompiledProgram) -> int:
    return max(place.address + place.type.bytes for place in program.tensors.values())
