"""A network as jobs for a GEMM accelerator, and layers for its host."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
import numpy.typing as npt

from flow.gemm_jobs import MatrixJob, check_jobs, job_list
from flow.gemm_layout import weight_words
from flow.gemm_places import places
from flow.gemm_plan import Block, ProductPlan, Tiles, plan_product
from flow.gemm_product import MatrixProduct, matrix_product
from flow.graph import Graph
from flow.host_words import byte_words, number_words
from flow.layers import Flatten, TensorType
from flow.lowering.parameters import tiled_parameters
from hw.gemm_accelerator_config import GemmAcceleratorConfig
from hw.host_port import HostMemory
from hw.parameter_word import Parameters
from hw.word_memory import host_stride

__all__ = [
    "NOT_A_PRODUCT",
    "REARRANGED",
    "GemmProgram",
    "LayerJobs",
    "Load",
    "Turn",
    "compile_gemm",
]

Words = npt.NDArray[np.uint32]

NOT_A_PRODUCT = "it is not a matrix product"
"""Why most layers stay on the host."""

REARRANGED = "it only rearranges what is on the host"
"""Why a flattening does."""


@dataclass(frozen=True, eq=False)
class Load:
    """Words of 32 bits that must be in a memory from an address on."""

    memory: HostMemory
    address: int
    words: Words


@dataclass(frozen=True, eq=False)
class Turn:
    """What the accelerator does without its host: one list of jobs.

    Parameters
    ----------
    blocks : a job for each
    tiles : column tiles that they compute
    jobs : what the list holds
    constants : weights and parameters
    list : the jobs, which begin at its address
    """

    blocks: tuple[Block, ...]
    tiles: Tiles
    jobs: tuple[MatrixJob, ...]
    constants: tuple[Load, Load]
    list: Load


@dataclass(frozen=True, eq=False)
class LayerJobs:
    """A layer that the accelerator computes, in turns."""

    product: MatrixProduct
    turns: Sequence[Turn]


@dataclass(frozen=True, eq=False)
class GemmProgram:
    """What becomes of a network.

    Parameters
    ----------
    config : the accelerator it is for
    graph : the network
    layers : those that the accelerator computes, by name
    host : why the host computes each of the others

    Members
    -------
    tensors : types of all tensors, by name
    inputs : names of the network's inputs
    """

    config: GemmAcceleratorConfig
    graph: Graph
    layers: Mapping[str, LayerJobs]
    host: Mapping[str, str]
    tensors: Mapping[str, TensorType] = field(init=False)
    inputs: Sequence[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "tensors", self.graph.types)
        object.__setattr__(self, "inputs", tuple(self.graph.inputs))
        check_jobs((job for jobs in self.lists() for job in jobs), self.config)

    @property
    def batch(self) -> int:
        """Images that it takes at once."""
        return self.tensors[self.inputs[0]].shape[0]

    @property
    def left_out(self) -> dict[str, str]:
        """The matrix products that are too large for the accelerator, and why."""
        expected = (NOT_A_PRODUCT, REARRANGED)
        return {name: why for name, why in self.host.items() if why not in expected}

    def lists(self) -> list[Sequence[MatrixJob]]:
        """The jobs of every turn, in order."""
        return [turn.jobs for layer in self.layers.values() for turn in layer.turns]


def compile_gemm(graph: Graph, config: GemmAcceleratorConfig) -> GemmProgram:
    """Return what becomes of a network on an accelerator; what it cannot do, the host does."""
    plans: dict[str, tuple[MatrixProduct, ProductPlan]] = {}
    host: dict[str, str] = {}
    for layer in graph.layers:
        try:
            product = matrix_product(layer, graph.types[layer.inputs[0]], config.engine)
            if product is None:
                host[layer.name] = REARRANGED if isinstance(layer, Flatten) else NOT_A_PRODUCT
            else:
                plans[layer.name] = product, plan_product(product, config)
        except ValueError as error:
            host[layer.name] = str(error)
    constants = _constants(list(plans.values()), config)
    layers = _with_lists(plans, constants, config)
    return GemmProgram(config, graph, layers, host)


_Constants = dict[tuple[int, int], tuple[Load, Load]]
"""Weights and parameters, by the indices of a layer and of a part of its tiles."""


def _constants(
    plans: Sequence[tuple[MatrixProduct, ProductPlan]], config: GemmAcceleratorConfig
) -> _Constants:
    engine, word = config.engine, config.parameter_word
    keys, weights, parameters = [], [], []
    for index, (product, plan) in enumerate(plans):
        words = tiled_parameters(product.parameters, engine.cols, engine.cols)
        for part, tiles in enumerate(plan.tiles):
            columns = slice(tiles.first * engine.cols, (tiles.first + tiles.count) * engine.cols)
            keys.append((index, part))
            weights.append(weight_words(product.weights[:, columns], engine.rows, engine.cols))
            parameters.append([word.encode(Parameters(**asdict(each))) for each in words[columns]])
    weight_stride, stride = host_stride(config.weight_row), host_stride(word.layout)
    weight_at = places([len(each) for each in weights], config.weight_words)
    parameter_at = places([len(each) for each in parameters], config.parameter_words)
    return {
        key: (
            Load(HostMemory.WEIGHT, at * weight_stride, byte_words(tile_words, weight_stride)),
            Load(HostMemory.PARAMETER, parameter * stride, number_words(numbers, stride)),
        )
        for key, at, tile_words, parameter, numbers in zip(
            keys, weight_at, weights, parameter_at, parameters, strict=True
        )
    }


def _with_lists(
    plans: Mapping[str, tuple[MatrixProduct, ProductPlan]],
    constants: _Constants,
    config: GemmAcceleratorConfig,
) -> dict[str, LayerJobs]:
    jobs = {
        (index, *turn): tuple(_jobs(plan, *turn, constants[index, turn[1]], config))
        for index, (_, plan) in enumerate(plans.values())
        for turn in plan.turns
    }
    texts = {key: job_list(each) for key, each in jobs.items()}
    at = dict(zip(texts, places([*map(len, texts.values())], config.job_words), strict=True))

    def turn(plan: ProductPlan, key: tuple[int, int, int]) -> Turn:
        index, group, part = key
        load = Load(HostMemory.PROGRAM, at[key], texts[key])
        return Turn(plan.groups[group], plan.tiles[part], jobs[key], constants[index, part], load)

    return {
        name: LayerJobs(product, [turn(plan, (index, *pair)) for pair in plan.turns])
        for index, (name, (product, plan)) in enumerate(plans.items())
    }


def _jobs(
    plan: ProductPlan,
    group: int,
    part: int,
    constants: tuple[Load, Load],
    config: GemmAcceleratorConfig,
) -> list[MatrixJob]:
    weights, parameters = constants
    return [
        MatrixJob(
            rows=block.rows,
            tiles_n=plan.tiles[part].count,
            steps_k=plan.steps,
            activation_address=block.activation_address,
            weight_address=weights.address // host_stride(config.weight_row),
            parameter_address=parameters.address // host_stride(config.parameter_word.layout),
            output_address=block.output_address,
        )
        for block in plan.groups[group]
    ]
