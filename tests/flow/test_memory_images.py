import numpy as np
import pytest

from flow.memory_images import memory_images
from golden.requantize import Requantization
from golden.scheme import Scheme
from hw.config import EngineConfig
from hw.parameter_word import ParameterWord
from sim.gemm_job import GemmJob


@pytest.fixture(scope="module")
def images():
    """A 2 x 3 by 3 x 3 product on a 2 x 2 array: two tiles each way, the last ones padded."""
    job = GemmJob(
        EngineConfig(rows=2, cols=2, depth=300),
        np.array([[1, -2, 3], [4, 5, -6]], np.int8),
        np.array([[1, 2, 3], [4, 5, 6], [-7, -8, -128]], np.int8),
        Requantization.from_scale(Scheme.FLOAT32, [0.5, 0.25, 0.125], bias=[4, 0, -8]),
    )
    texts = memory_images(job, "layer 9").items()
    return {name: text.splitlines() for name, text in texts}


def test_each_image_starts_with_what_it_is(images):
    assert [lines[0] for lines in images.values()] == [
        "// layer 9: s_axis_pass, 4 words of 16 bits",
        "// layer 9: s_axis_weight, 8 words of 16 bits",
        "// layer 9: s_axis_activation, 8 words of 16 bits",
        "// layer 9: s_axis_parameter, 4 words of 96 bits",
        "// layer 9: 2 x 3 outputs, int8, 6 words of 8 bits",
    ]


def test_weights_are_the_rows_of_each_tile_column_0_lowest(images):
    left, right = ["0201", "0504", "f8f9", "0000"], ["0003", "0006", "0080", "0000"]
    assert images["weight.hex"][1:] == left + right


def test_activations_are_the_rows_of_each_pass_row_0_of_the_array_lowest(images):
    once = ["fe01", "0504", "0003", "00fa"]
    assert images["activation.hex"][1:] == once * 2


def test_passes_say_their_rows_less_one_then_add_and_drain(images):
    set_only, add_and_drain = 1, 1 | 1 << 9 | 1 << 10
    assert images["pass.hex"][1:] == [f"{set_only:04x}", f"{add_and_drain:04x}"] * 2


def test_parameters_decode_to_the_requantization(images):
    word = ParameterWord()
    channels = [word.decode(int(line, 16)) for line in images["parameter.hex"][1:4]]
    assert [channel.bias for channel in channels] == [4, 0, -8]
    assert [channel.multiplier / 2.0**channel.shift for channel in channels] == [0.5, 0.25, 0.125]


def test_expected_outputs_stand_row_after_row(images):
    sums = np.array([[-28 + 4, -32, -393 - 8], [66 + 4, 81, 810 - 8]])
    outputs = np.rint(sums * [0.5, 0.25, 0.125]).astype(np.int8)
    assert images["expected.hex"][1:] == [
        f"{value & 255:02x}" for value in outputs.ravel().tolist()
    ]
