from dataclasses import replace

import numpy as np
import pytest

from flow.allocation import Reuse
from flow.compiler import compile_graph
from flow.instruction_words import decode, joined
from flow.layers import (
    Flatten,
    FullyConnected,
    GlobalAveragePool,
    MaxPool,
)
from flow.network_check import accelerator, addition, check_golden, conv, graph_of, scaled
from flow.random_graphs import random_codes, random_graph, random_inputs
from flow.reference import run_reference
from golden.kernel_window import KernelWindow
from golden.program import WriteTime, run_program

ARRAYS = [(1, 1, 64), (4, 8, 64), (8, 4, 32), (5, 3, 16), (8, 8, 512), (16, 2, 7), (2, 16, 2)]
"""Rows, columns and depth."""


def check_random(seeds, array):
    for seed in seeds:
        rng = np.random.default_rng(seed)
        graph = random_graph(rng, layers=int(rng.integers(1, 7)))
        reuse = list(Reuse)[seed % 2]
        write_time = list(WriteTime)[seed // 2 % 2]
        try:
            check_golden(graph, accelerator(*array), reuse=reuse, write_time=write_time, seed=seed)
        except AssertionError as error:
            error.add_note(f"seed {seed}, rows, columns and depth {array}")
            raise


@pytest.mark.parametrize("array", ARRAYS, ids=str)
def test_random_networks_are_what_the_reference_computes(array):
    check_random(range(8), array)


@pytest.mark.long
@pytest.mark.parametrize("array", ARRAYS, ids=str)
def test_many_random_networks_are_what_the_reference_computes(array):
    check_random(range(1000, 1100), array)


def residual_block(batch=2):
    layers = [
        conv((3, 3), 6, 6, "a", padding=((1, 1), (1, 1))),
        conv((3, 3), 6, 6, "b", "a", padding=((1, 1), (1, 1))),
        addition("x", "b", name="c"),
        MaxPool("d", "c", KernelWindow((2, 2), (2, 2))),
        GlobalAveragePool("e", "d", scaled(scale=1 / 9)),
        Flatten("f", "e"),
        FullyConnected("g", "f", random_codes(np.random.default_rng(1), (6, 10)), scaled(10)),
    ]
    return graph_of((batch, 6, 6, 6), *layers)


def test_each_layer_waits_once():
    """The first image's wait sees all images of the layer before, for these are in order."""
    program, _ = check_golden(residual_block(), accelerator())
    waits = [step.wait for step in program.instructions]
    by_layer = [waits[layer.first : layer.first + layer.count] for layer in program.layers]
    assert [layer.name for layer in program.layers] == list("abcdefg")
    assert [sum(layer) for layer in by_layer] == [0, 1, 1, 1, 1, 0, 1]


def test_every_wait_is_needed():
    graph, made = residual_block(batch=1), accelerator(depth=16)
    inputs = random_inputs(graph, np.random.default_rng(0))
    expected = run_reference(graph, inputs)["g"]
    program = compile_graph(graph, made)
    waits = [index for index, step in enumerate(program.instructions) if step.wait]
    assert len(waits) >= 5
    for index in waits:
        steps = list(program.instructions)
        steps[index] = replace(steps[index], wait=0)
        memories = program.memories(inputs)
        run_program(steps, memories, rows=8, cols=8, depth=16, write_time=WriteTime.AT_WAIT)
        assert (program.read_tensor(memories.activation, "g") != expected).any()


def test_tensors_share_memory_when_they_may():
    together = compile_graph(residual_block(), accelerator())
    apart = compile_graph(residual_block(), accelerator(), reuse=Reuse.NONE)
    used = [
        max(place.address + place.type.bytes for place in program.tensors.values())
        for program in (together, apart)
    ]
    assert used[0] == 3 * 432  # x, a and b; then c takes the place of a
    assert used[1] > 4 * 432


def test_a_flattened_tensor_is_kept_until_it_is_read():
    window = KernelWindow((1, 1))
    graph = graph_of(
        (1, 4, 4, 3),
        conv((1, 1), 3, 3, "a"),
        Flatten("f", "a"),
        MaxPool("b", "x", window),
        MaxPool("c", "b", window),
        MaxPool("d", "c", window),
        FullyConnected("g", "f", random_codes(np.random.default_rng(1), (48, 2)), scaled(2)),
    )
    check_golden(graph, accelerator(), reuse=Reuse.BY_LIFETIME)


def test_equal_blocks_of_weights_and_parameters_are_kept_once():
    window = KernelWindow((2, 2), (2, 2))
    one = compile_graph(graph_of((1, 8, 8, 8), MaxPool("a", "x", window)), accelerator())
    three = graph_of(
        (1, 8, 8, 8),
        MaxPool("a", "x", window),
        MaxPool("b", "a", KernelWindow((1, 2), (2, 2))),
        MaxPool("c", "b", KernelWindow((2, 1))),
    )
    program, _ = check_golden(three, accelerator())
    assert len(program.weights) == len(one.weights) == 4 * 8
    assert len(program.parameters) == len(one.parameters) == 8


def test_the_images_are_what_the_hardware_reads():
    program, _ = check_golden(residual_block(), accelerator())
    words = program.program_words()
    assert [decode(joined(words[n : n + 16])) for n in range(0, len(words), 16)] == list(
        program.instructions
    )
    assert program.weight_words()[3] == int.from_bytes(program.weights[3].tobytes(), "little")
    word = program.config.parameter_word
    decoded = [word.decode(number) for number in program.parameter_words()]
    assert [p.bias for p in decoded] == [p.bias for p in program.parameters]
    assert program.listing().startswith("# a, written from byte ")
    assert "; g, written from byte " in program.listing()
