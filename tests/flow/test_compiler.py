from dataclasses import replace

import numpy as np
import pytest

from flow.allocation import Reuse
from flow.compiler import compile_graph
from flow.graph import Graph
from flow.instruction_words import decode, joined
from flow.kernel_window import KernelWindow
from flow.layers import (
    AveragePool,
    Conv2d,
    DepthwiseConv2d,
    Flatten,
    FullyConnected,
    GlobalAveragePool,
    MaxPool,
    ResidualAdd,
    TensorType,
)
from flow.random_graphs import random_codes, random_graph, random_inputs
from flow.reference import run_reference
from golden.formats import INT4
from golden.program import WriteTime, run_program
from golden.requantize import Requantization
from golden.residual import residual_parameters
from golden.scheme import Scheme
from hw.accelerator_config import AcceleratorConfig
from hw.config import EngineConfig

ARRAYS = [(1, 1, 64), (4, 8, 64), (8, 4, 32), (5, 3, 16), (8, 8, 512), (16, 2, 7), (2, 16, 2)]
"""Rows, columns and depth."""


def config(rows=8, cols=8, depth=512, engine=None, **sizes):
    engine = EngineConfig(rows=rows, cols=cols, depth=depth, **engine or {})
    sizes = {"weight_words": 1 << 16, "parameter_words": 4096, "program_words": 1 << 17} | sizes
    return AcceleratorConfig(engine, **sizes)


def out(channels=1, scale=0.004, **options):
    return Requantization.from_scale(Scheme.FLOAT32, np.full(channels, scale), **options)


def graph_of(shape, *layers, zero_point=3):
    return Graph({"x": TensorType(shape, zero_point)}, layers)


def conv(kernel, channels, outputs, name="y", source="x", **window):
    weights = random_codes(np.random.default_rng(5), (*kernel, channels, outputs))
    return Conv2d(name, source, weights, out(outputs), KernelWindow(kernel, **window))


def addition(*inputs, name="y"):
    return ResidualAdd(name, inputs, *residual_parameters((0.7, 1.1), 1.3))


def check(graph, made, *, reuse=Reuse.NONE, write_time=WriteTime.AT_WAIT, seed=0):
    """Compile, run, and compare all tensors that are still there; returns program and counters."""
    inputs = random_inputs(graph, np.random.default_rng(seed))
    expected = run_reference(graph, inputs)
    program = compile_graph(graph, made, reuse=reuse)
    memories, engine = program.memories(inputs), made.engine
    counters = run_program(
        program.instructions,
        memories,
        rows=engine.rows,
        cols=engine.cols,
        depth=engine.depth,
        write_time=write_time,
    )
    for name in expected if reuse is Reuse.NONE else graph.outputs:
        got = program.read_tensor(memories.activation, name)
        np.testing.assert_array_equal(got, expected[name], err_msg=f"tensor {name}")
    return program, counters


def check_random(seeds, array):
    for seed in seeds:
        rng = np.random.default_rng(seed)
        graph = random_graph(rng, layers=int(rng.integers(1, 7)))
        reuse = list(Reuse)[seed % 2]
        write_time = list(WriteTime)[seed // 2 % 2]
        try:
            check(graph, config(*array), reuse=reuse, write_time=write_time, seed=seed)
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


LAYERS = {
    "conv of three channels": conv((3, 3), 3, 9, padding=((1, 1), (1, 1))),
    "conv with stride": conv((3, 2), 3, 5, stride=(2, 3)),
    "conv with dilation": conv((2, 3), 3, 4, dilation=(3, 2), padding=((2, 1), (4, 0))),
    "conv of one element": conv((1, 1), 3, 9),
    "conv of one element with stride": conv((1, 1), 3, 2, stride=(2, 2)),
    "conv as wide as the image": conv((3, 9), 3, 4, stride=(2, 1), padding=((1, 2), (0, 0))),
    "conv as large as the image": conv((7, 9), 3, 4),
    "depthwise": DepthwiseConv2d(
        "y",
        "x",
        random_codes(np.random.default_rng(6), (3, 3, 3, 1)),
        out(3),
        KernelWindow((3, 3), padding=((1, 1), (0, 2))),
    ),
    "depthwise with a multiplier": DepthwiseConv2d(
        "y",
        "x",
        random_codes(np.random.default_rng(6), (3, 2, 3, 5)),
        out(15),
        KernelWindow((3, 2), dilation=(1, 3)),
    ),
    "average": AveragePool("y", "x", out(scale=1 / 6), KernelWindow((3, 2), (2, 2))),
    "padded average": AveragePool(
        "y", "x", out(scale=1 / 9), KernelWindow((3, 3), padding=((1, 1), (1, 1)))
    ),
    "global average": GlobalAveragePool("y", "x", out(3, scale=1 / 63)),
    "maximum": MaxPool("y", "x", KernelWindow((2, 3), (2, 2), padding=((1, 0), (0, 2)))),
    "maximum that sees nothing": MaxPool(
        "y", "x", KernelWindow((2, 1), dilation=(8, 1), padding=((8, 4), (0, 0)))
    ),
    "sum with itself": addition("x", "x"),
}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("array", ARRAYS, ids=str)
def test_each_layer_on_each_array(name, array):
    check(graph_of((2, 7, 9, 3), LAYERS[name]), config(*array))


@pytest.mark.parametrize("channels", [1, 8, 13, 20])
@pytest.mark.parametrize("array", [(8, 8, 64), (8, 4, 64), (3, 7, 5)])
def test_diagonal_layers_of_many_channels(channels, array):
    weights = random_codes(np.random.default_rng(7), (2, 2, channels, 1))
    window = KernelWindow((2, 2), padding=((1, 0), (1, 0)))
    for layer in (
        DepthwiseConv2d("y", "x", weights, out(channels), window),
        MaxPool("y", "x", window),
        AveragePool("y", "x", out(channels, scale=0.25), window),
        addition("x", "x"),
    ):
        check(graph_of((1, 3, 5, channels), layer), config(*array))


@pytest.mark.parametrize(
    ("rows", "layer", "passes"),
    [
        (8, conv((3, 3), 3, 8), 3 * 2),  # nine bytes a kernel row
        (16, conv((3, 3), 3, 8), 3),
        (8, conv((3, 3), 3, 9), 2 * 3 * 2),
        (8, conv((3, 3), 3, 8, dilation=(1, 2)), 9),
        (8, conv((7, 9), 3, 8), 24),  # 189 bytes in a row
        (8, conv((2, 9), 3, 8), 7),
        (8, LAYERS["depthwise"], 3 * 2),  # nine bytes a kernel row, all channels together
        (8, LAYERS["depthwise with a multiplier"], 3 * 6),  # one channel a tile
        (8, LAYERS["maximum"], 6),
        (8, addition("x", "x"), 6 + 6),  # 189 bytes: 23 rows of eight, and a tail
    ],
)
def test_rows_of_the_array_are_not_wasted(rows, layer, passes):
    program, counters = check(graph_of((1, 7, 9, 3), layer), config(rows=rows))
    assert counters.passes == passes
    assert sum(step.passes for step in program.instructions) == passes


@pytest.mark.parametrize(
    ("depth", "pieces"),
    [
        (512, [63]),
        (63, [63]),
        (62, [36, 27]),
        (40, [36, 27]),
        (20, [18, 18, 18, 9]),
        (9, [9] * 7),
        (8, [5, 4] * 7),
        (4, [3] * 21),
    ],
)
def test_outputs_are_cut_to_the_depth_in_even_pieces(depth, pieces):
    program, _ = check(
        graph_of((1, 9, 11, 2), conv((3, 3), 2, 3)), config(depth=depth), reuse=Reuse.BY_LIFETIME
    )
    assert [step.rows for step in program.instructions[:-1]] == pieces


def test_pixels_of_all_images_are_rows_of_one_product():
    program, _ = check(graph_of((5, 7, 9, 3), conv((1, 1), 3, 8)), config(depth=300))
    assert [step.rows for step in program.instructions[:-1]] == [158, 157]


def residual_block(batch=2):
    layers = [
        conv((3, 3), 6, 6, "a", padding=((1, 1), (1, 1))),
        conv((3, 3), 6, 6, "b", "a", padding=((1, 1), (1, 1))),
        addition("x", "b", name="c"),
        MaxPool("d", "c", KernelWindow((2, 2), (2, 2))),
        GlobalAveragePool("e", "d", out(scale=1 / 9)),
        Flatten("f", "e"),
        FullyConnected("g", "f", random_codes(np.random.default_rng(1), (6, 10)), out(10)),
    ]
    return graph_of((batch, 6, 6, 6), *layers)


def test_each_layer_waits_once():
    """The first image's wait sees all images of the layer before, for these are in order."""
    program, _ = check(residual_block(), config())
    waits = [step.wait for step in program.instructions]
    by_layer = [waits[layer.first : layer.first + layer.count] for layer in program.layers]
    assert [layer.name for layer in program.layers] == list("abcdefg")
    assert [sum(layer) for layer in by_layer] == [0, 1, 1, 1, 1, 0, 1]


def test_every_wait_is_needed():
    graph, made = residual_block(batch=1), config(depth=16)
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
    together = compile_graph(residual_block(), config())
    apart = compile_graph(residual_block(), config(), reuse=Reuse.NONE)
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
        FullyConnected("g", "f", random_codes(np.random.default_rng(1), (48, 2)), out(2)),
    )
    check(graph, config(), reuse=Reuse.BY_LIFETIME)


def test_equal_blocks_of_weights_and_parameters_are_kept_once():
    window = KernelWindow((2, 2), (2, 2))
    one = compile_graph(graph_of((1, 8, 8, 8), MaxPool("a", "x", window)), config())
    three = graph_of(
        (1, 8, 8, 8),
        MaxPool("a", "x", window),
        MaxPool("b", "a", KernelWindow((1, 2), (2, 2))),
        MaxPool("c", "b", KernelWindow((2, 1))),
    )
    program, _ = check(three, config())
    assert len(program.weights) == len(one.weights) == 4 * 8
    assert len(program.parameters) == len(one.parameters) == 8


def test_the_images_are_what_the_hardware_reads():
    program, _ = check(residual_block(), config())
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


def test_columns_without_a_channel_count_nothing():
    """With one output channel of eight columns, exactly its results are counted."""
    weights = np.full((4, 1), 127, np.int8)
    layer = FullyConnected("y", "x", weights, out(1, scale=1.0, bias=1 << 20, zero_point=-100))
    _, counters = check(graph_of((3, 1, 1, 4), layer), config())
    assert (counters.saturated_low, counters.saturated_high, counters.ties) == (0, 3, 0)


def big(shape=(1, 20, 20, 8)):
    return graph_of(shape, conv((3, 3), 8, 30, "y"), conv((3, 3), 30, 40, "z", "y"))


@pytest.mark.parametrize(
    ("sizes", "sentence"),
    [
        (
            {"activation_bytes": 16384},
            (
                "layer z: the tensors needed at this point (y 9720, z 10240 bytes) do not fit the "
                "16384 bytes of the activation memory; the network needs activation_bytes=19960"
            ),
        ),
        (
            {"weight_words": 800},
            (
                "layer z does not fit: there are 800 weight_words, and the network needs "
                "weight_words=1728"
            ),
        ),
        (
            {"parameter_words": 16},
            (
                "layer y does not fit: there are 16 parameter_words, and the network needs "
                "parameter_words=72"
            ),
        ),
        (
            {"depth": 100, "program_words": 80},
            (
                "layer z does not fit: there are 80 program_words, and the network needs "
                "program_words=128"
            ),
        ),
    ],
)
def test_what_does_not_fit_says_which_parameter_to_change(sizes, sentence):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        compile_graph(big(), config(**sizes))
    assert str(caught.value) == sentence
    parameter, needed = sentence.split()[-1].split("=")
    check(big(), config(**sizes | {parameter: int(needed)}), reuse=Reuse.BY_LIFETIME)


ENGINE_LIMITS = [
    (
        {"schemes": frozenset({Scheme.SHIFT, Scheme.FIXED})},
        graph_of((1, 3, 3, 2), conv((1, 1), 2, 2)),
        "layer y: its requantization is float32, and the engine has fixed, shift",
    ),
    (
        {"weight": INT4},
        graph_of((1, 3, 3, 2), addition("x", "x")),
        (
            "layer y: its weights reach from 0 to 34, and the engine's are int4; take an engine "
            "with wider ones"
        ),
    ),
    (
        {"accumulator_bits": 20},
        graph_of(
            (1, 1, 1, 40),
            FullyConnected("y", "x", np.full((40, 1), -128, np.int8), out(scale=0.001)),
        ),
        (
            "layer y: it needs accumulators of 21 bits, and there are 20; make the kernel, the "
            "weights or the bias smaller, or accumulator_bits larger"
        ),
    ),
    (
        {},
        graph_of(
            (1, 1, 1, 1),
            FullyConnected("y", "x", np.ones((1, 1), np.int8), out(bias=2**31 - 1)),
        ),
        (
            "layer y: it needs accumulators of 33 bits, and there are 32; make the kernel, the "
            "weights or the bias smaller, or accumulator_bits larger"
        ),
    ),
    (
        {},
        graph_of((1, 1, 300, 1), MaxPool("y", "x", KernelWindow((1, 300)))),
        "layer y: steps_kx must be from 0 to 255, not 300",
    ),
]


@pytest.mark.parametrize(("engine", "graph", "sentence"), ENGINE_LIMITS)
def test_what_the_engine_cannot_do_names_the_layer(engine, graph, sentence):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        compile_graph(graph, config(engine=engine))
    assert str(caught.value) == sentence


def test_the_proof_of_the_width_is_exact():
    """Sums that just fit 20 bits are accepted, and they are there: both ends are reached."""
    weights = np.full((31, 1), -128, np.int8)
    layer = FullyConnected("y", "x", weights, out(scale=0.001, bias=128 * 128 - 1 - 128 * 31 * 3))
    graph = graph_of((1, 1, 1, 31), layer)
    made = config(engine={"accumulator_bits": 20})
    assert compile_graph(graph, made).parameters[0].bias == 128 * 128 - 1
    more = replace(layer, requantization=out(scale=0.001, bias=128 * 128 - 128 * 31 * 3))
    with pytest.raises(ValueError, match=r"^layer y: it needs accumulators of 21 bits"):
        compile_graph(graph_of((1, 1, 1, 31), more), made)


def test_an_engine_of_one_scheme_can_pool():
    graph = graph_of((1, 4, 4, 3), MaxPool("y", "x", KernelWindow((2, 2))))
    for scheme in (Scheme.FLOAT32, Scheme.FIXED, Scheme.SHIFT):
        check(graph, config(engine={"schemes": frozenset({scheme})}))


def test_a_layer_of_an_unknown_kind_is_refused():
    class Other(Flatten):
        pass

    class Strange:
        name, inputs = "y", ("x",)

        def output(self, types):
            return types[0]

    compile_graph(graph_of((1, 1, 1, 2), Other("y", "x"), Flatten("z", "y")), config())
    with pytest.raises(TypeError, match=r"^layer y: it must be one of flow.layers, not Strange$"):
        compile_graph(graph_of((1, 1, 1, 2), Strange()), config())
