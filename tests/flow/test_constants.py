import numpy as np

from flow.constants import ParameterImage, WeightImage
from golden.channel_parameters import channel_parameters
from golden.requantize import Requantization
from golden.scheme import Scheme


def block(*values):
    return np.array(values, np.int8)


def test_a_block_is_found_only_at_whole_words():
    image = WeightImage(2)
    assert image.place(block(1, 2, 3, 4, 2, 3)) == 0
    assert image.place(block(3, 4)) == 1
    assert image.place(block(2, 3)) == 2  # not in the middle of words 0 and 1
    assert image.place(block(4, 2)) == 3
    assert len(image) == 4
    np.testing.assert_array_equal(image.words, [[1, 2], [3, 4], [2, 3], [4, 2]])


def test_a_block_that_only_begins_at_the_end_is_new():
    image = WeightImage(1)
    assert image.place(block(1, 2)) == 0
    assert image.place(block(2, 3)) == 2


def test_equal_parameters_are_kept_once():
    image = ParameterImage()
    one, two = (
        channel_parameters(Requantization.from_scale(Scheme.FLOAT32, 0.5, bias)) for bias in (1, 2)
    )
    assert [image.place(words) for words in (one, two, [*one, *two], two)] == [0, 1, 2, 1]
    assert image.words == [*one, *two, *one, *two]
