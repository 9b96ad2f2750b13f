import json

import numpy as np
import pytest

from flow.compiler import compile_graph
from flow.instruction_words import decode
from flow.network import INPUT
from flow.program_images import program_images
from hw.accelerator_config import AcceleratorConfig
from hw.config import EngineConfig


@pytest.fixture(scope="module")
def codes():
    return np.random.default_rng(0).integers(-128, 128, (4, 8, 8, 1), np.int8)


@pytest.fixture
def program(untrained_networks):
    config = AcceleratorConfig(EngineConfig(rows=4, cols=6))
    return compile_graph(untrained_networks.quantized.graph(2), config)


@pytest.fixture
def images(untrained_networks, program, codes):
    expected = untrained_networks.quantized.run(codes)
    texts = program_images(program, {INPUT: codes}, {"max pooling": expected["max pooling"]})
    return {name: text.splitlines() for name, text in texts.items()}


def words(lines):
    return [int(line, 16) for line in lines[1:]]


def test_each_image_starts_with_what_it_is(images, program):
    count = len(program.instructions) * 16
    assert images["program.hex"][0] == f"// program memory: {count} words of 32 bits"
    assert images["weight.hex"][0].endswith(" words of 48 bits")
    assert images["input/input.hex"][0] == "// input, 4 x 8 x 8 x 1: 256 words of 8 bits"
    assert (
        images["expected/max_pooling.hex"][0]
        == "// max pooling, 4 x 4 x 4 x 8: 512 words of 8 bits"
    )
    assert {len(line) for line in images["weight.hex"][1:]} == {12}


def test_the_program_is_its_instructions_lowest_word_first(images, program):
    found = words(images["program.hex"])
    for index, step in enumerate(program.instructions):
        number = sum(word << 32 * n for n, word in enumerate(found[16 * index : 16 * index + 16]))
        assert decode(number) == step


def test_weights_stand_column_0_lowest(images, program):
    found = [
        [byte - 256 * (byte > 127) for byte in word.to_bytes(6, "little")]
        for word in words(images["weight.hex"])
    ]
    np.testing.assert_array_equal(found, program.weights)


def test_parameters_decode_to_those_of_the_program(images, program):
    decoder = program.config.parameter_word
    found = [decoder.decode(word) for word in words(images["parameter.hex"])]
    assert [word.bias for word in found] == [word.bias for word in program.parameters]
    assert [word.shift for word in found] == [word.shift for word in program.parameters]


def test_tensors_stand_element_after_element_and_have_their_place(images, program, codes):
    found = np.array(words(images["input/input.hex"]), np.uint8).view(np.int8)
    np.testing.assert_array_equal(found, codes.ravel())
    places = json.loads("\n".join(images["tensors.json"]))
    assert places.keys() == program.tensors.keys()
    assert places["logits"] == {
        "address": program.tensors["logits"].address,
        "shape": [2, 1, 1, 10],
        "zero_point": program.tensors["logits"].type.zero_point,
    }
