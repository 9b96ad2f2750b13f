from dataclasses import replace

import numpy as np
import pytest

from flow.allocation import Reuse
from flow.compiler import compile_graph
from flow.layers import (
    Flatten,
    FullyConnected,
    MaxPool,
)
from flow.network_check import accelerator, addition, check_golden, conv, graph_of, scaled
from golden.formats import INT4
from golden.kernel_window import KernelWindow
from golden.scheme import Scheme


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
        compile_graph(big(), accelerator(**sizes))
    assert str(caught.value) == sentence
    parameter, needed = sentence.split()[-1].split("=")
    check_golden(big(), accelerator(**sizes | {parameter: int(needed)}), reuse=Reuse.BY_LIFETIME)


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
            FullyConnected("y", "x", np.full((40, 1), -128, np.int8), scaled(scale=0.001)),
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
            FullyConnected("y", "x", np.ones((1, 1), np.int8), scaled(bias=2**31 - 1)),
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
        compile_graph(graph, accelerator(engine=engine))
    assert str(caught.value) == sentence


def test_padding_that_begins_too_far_before_the_image_says_what_it_needs():
    window = {"dilation": (1, 40), "padding": ((0, 0), (40, 40))}
    graph = graph_of((1, 1, 2, 2), conv((1, 3), 2, 2, **window))
    sentence = (
        "layer y: its padding begins 80 bytes or rows before the image, and there are 64 "
        "activation_bytes; it needs activation_bytes=80"
    )
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        compile_graph(graph, accelerator(activation_bytes=64))
    check_golden(graph, accelerator(activation_bytes=80))


def test_the_proof_of_the_width_is_exact():
    """Sums that just fit 20 bits are accepted, and they are there: both ends are reached."""
    weights = np.full((31, 1), -128, np.int8)
    layer = FullyConnected(
        "y", "x", weights, scaled(scale=0.001, bias=128 * 128 - 1 - 128 * 31 * 3)
    )
    graph = graph_of((1, 1, 1, 31), layer)
    made = accelerator(engine={"accumulator_bits": 20})
    assert compile_graph(graph, made).parameters[0].bias == 128 * 128 - 1
    more = replace(layer, requantization=scaled(scale=0.001, bias=128 * 128 - 128 * 31 * 3))
    with pytest.raises(ValueError, match=r"^layer y: it needs accumulators of 21 bits"):
        compile_graph(graph_of((1, 1, 1, 31), more), made)


def test_an_engine_of_one_scheme_can_pool():
    graph = graph_of((1, 4, 4, 3), MaxPool("y", "x", KernelWindow((2, 2))))
    for scheme in (Scheme.FLOAT32, Scheme.FIXED, Scheme.SHIFT):
        check_golden(graph, accelerator(engine={"schemes": frozenset({scheme})}))


def test_a_layer_of_an_unknown_kind_is_refused():
    class Other(Flatten):
        pass

    class Strange:
        name, inputs = "y", ("x",)

        def output(self, types):
            return types[0]

    compile_graph(graph_of((1, 1, 1, 2), Other("y", "x"), Flatten("z", "y")), accelerator())
    with pytest.raises(TypeError, match=r"^layer y: it must be one of flow.layers, not Strange$"):
        compile_graph(graph_of((1, 1, 1, 2), Strange()), accelerator())
