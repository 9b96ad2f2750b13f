import numpy as np

from flow.digits import HELD_OUT, IMAGE_SHAPE, load_digits


def test_the_split_is_disjoint_complete_and_stratified():
    train, held_out = load_digits()
    assert (len(train), len(held_out)) == (1437, HELD_OUT)
    for part in (train, held_out):
        assert part.images.shape == (len(part), *IMAGE_SHAPE)
        shares = np.bincount(part.labels) / len(part)
        np.testing.assert_allclose(shares, 0.1, atol=0.005)
    shared = {row.tobytes() for row in train.images} & {row.tobytes() for row in held_out.images}
    assert not shared


def test_pixels_are_sixteenths_of_full_ink():
    images = load_digits()[0].images
    assert images.dtype == np.float32
    assert set(np.unique(images * 16)) == set(range(17))


def test_the_split_is_the_same_every_time():
    first, again = load_digits()[1], load_digits()[1]
    np.testing.assert_array_equal(first.images, again.images)


def test_accuracy_is_the_fraction_predicted_right():
    held_out = load_digits()[1]
    predictions = held_out.labels.copy()
    predictions[:90] = (predictions[:90] + 1) % 10
    assert held_out.accuracy(predictions) == 0.75
