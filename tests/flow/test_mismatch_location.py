"""Where and when an element is computed."""

import numpy as np
import pytest

from flow.cycles import predict_cycles
from flow.layers import Conv2d, FullyConnected
from flow.mismatch_location import locate
from flow.mismatch_replay import LayerReplay, layer_code
from flow.mismatch_rounding import requantization_case
from flow.network_check import accelerator, addition, conv, graph_of
from flow.network_run import compile_network
from flow.random_graphs import random_graph, random_inputs
from flow.reference import run_reference

ARRAYS = [
    (4, 3, 16, {}),
    (3, 6, 9, {"lanes": 3}),
    (2, 4, 5, {"lanes": 1, "group": 1}),
    (8, 8, 64, {}),
]


def compiled(seed, array):
    rows, cols, depth, engine = array
    rng = np.random.default_rng(seed)
    graph = random_graph(rng)
    program = compile_network(graph, accelerator(rows, cols, depth, engine=engine))
    inputs = random_inputs(graph, rng)
    return graph, program, run_reference(graph, inputs)


def elements(shape, rng, count=4):
    """The first, the last and some others."""
    drawn = [tuple(int(rng.integers(n)) for n in shape) for _ in range(count)]
    return [(0, 0, 0, 0), tuple(n - 1 for n in shape), *drawn]


@pytest.mark.parametrize("array", ARRAYS)
@pytest.mark.parametrize("seed", range(2))
def test_the_passes_of_any_element_lead_to_its_result(seed, array):
    graph, program, tensors = compiled(seed, array)
    rng = np.random.default_rng(seed)
    for layer in graph.layers:
        if not layer_code(program, layer.name).count:
            continue
        places = LayerReplay(program, layer, tensors).places()
        assert places.known.all()
        for element in elements(tensors[layer.name].shape, rng):
            at = locate(program, layer, element, tensors, places)
            parameters = program.parameters[int(places.parameter[element])]
            case = requantization_case(parameters, at.passes[-1].accumulator)
            assert case.result == tensors[layer.name][element]
            assert at.passes[0].operation.value == "set"
            assert program.instructions[at.passes[-1].instruction].drain
            times = [each.launched for each in at.passes]
            assert times == sorted(set(times))
            assert at.passes[-1].summed < at.requantized < at.written


@pytest.mark.parametrize(
    ("array", "element", "tile", "column", "lane", "row"),
    [
        ((4, 3, 16, {}), (0, 0, 0, 0), 0, 0, 0, 0),
        ((4, 3, 16, {}), (0, 2, 1, 7), 2, 1, 1, 9),
        ((4, 3, 16, {}), (1, 3, 3, 10), 3, 1, 1, 15),
        ((4, 3, 8, {}), (1, 3, 3, 10), 3, 1, 1, 7),  # two image rows an instruction
        ((4, 6, 16, {"lanes": 3}), (0, 2, 1, 9), 1, 3, 1, 9),
    ],
)
def test_tile_column_lane_and_row_of_a_convolution(array, element, tile, column, lane, row):
    rows, cols, depth, engine = array
    graph = graph_of((2, 4, 4, 3), conv((3, 3), 3, 11, padding=((1, 1), (1, 1))))
    program = compile_network(graph, accelerator(rows, cols, depth, engine=engine))
    tensors = run_reference(graph, random_inputs(graph, np.random.default_rng(1)))
    at = locate(program, graph.layers[0], element, tensors)
    assert (at.tile, at.column, at.lane, at.row) == (tile, column, lane, row)
    flat = np.ravel_multi_index(element, (2, 4, 4, 11))
    assert at.address == program.tensors["y"].address + flat
    weights = graph.layers[0].weights
    read = [each.weights[: min(rows, 9)] for each in at.passes]
    assert int(read[0][0]) == weights[0, 0, 0, element[3]]
    assert len(at.passes) == 3 * -(-9 // rows)


@pytest.mark.parametrize("array", ARRAYS)
@pytest.mark.parametrize("seed", range(2))
def test_the_last_element_is_written_when_the_last_result_of_the_program_is(seed, array):
    graph, program, tensors = compiled(seed, array)
    layer = [each for each in graph.layers if layer_code(program, each.name).count][-1]
    places = LayerReplay(program, layer, tensors).places()
    rank = places.instruction * (1 << 32) + places.tile * (1 << 16) + places.row
    last = np.unravel_index(int(rank.argmax()), rank.shape)
    at = locate(program, layer, tuple(map(int, last)), tensors, places)
    assert at.written == predict_cycles(program.instructions, program.config).last_result


def test_a_sum_of_two_tensors_takes_six_passes_of_six_instructions():
    graph = graph_of((1, 2, 2, 3), conv((1, 1), 3, 3, "a"), addition("x", "a"))
    program = compile_network(graph, accelerator(4, 3, 16))
    tensors = run_reference(graph, random_inputs(graph, np.random.default_rng(1)))
    at = locate(program, graph.layers[1], (0, 1, 0, 2), tensors)
    assert [each.number for each in at.passes] == [0] * 6
    assert len({each.instruction for each in at.passes}) == 6
    assert [each.operation.value for each in at.passes] == [
        "set", "add", "shift_add", "add", "shift_add", "add",
    ]  # fmt: skip


def test_channels_are_in_columns_by_turns():
    for seed in range(10):
        graph, program, tensors = compiled(seed, ARRAYS[0])
        for layer in graph.layers:
            if isinstance(layer, Conv2d | FullyConnected):
                columns = LayerReplay(program, layer, tensors).places().column
                assert (columns == np.arange(columns.shape[3]) % 3).all()
