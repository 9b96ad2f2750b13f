"""The demo's data: scanned digits that come with scikit-learn."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["HELD_OUT", "IMAGE_SHAPE", "SPLIT_SEED", "DigitSet", "load_digits"]

IMAGE_SHAPE = (8, 8, 1)
"""Of an image: y, x, channels."""

HELD_OUT = 360
"""Images kept out of training; the other 1,437 train."""

SPLIT_SEED = 0
"""Seed of the split. It is fixed, so accuracies of two runs are of the same held-out images."""


@dataclass(frozen=True)
class DigitSet:
    """Images of digits and what they show.

    Parameters
    ----------
    images : float32 array (n, 8, 8, 1)
        Ink from 0 (none) to 1, in steps of 1/16.
    labels : int64 array (n,)
        The digit, 0 to 9.
    """

    images: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def accuracy(self, predictions: npt.NDArray[np.int64]) -> float:
        """The fraction of images that are predicted right."""
        return float(np.mean(predictions == self.labels))


def load_digits() -> tuple[DigitSet, DigitSet]:
    """The training set (1,437 images) and the held-out set (360), each digit shared out evenly."""
    from sklearn.datasets import load_digits as load  # slow to import, so only when needed
    from sklearn.model_selection import train_test_split

    data = load()
    images = (data.images / 16).astype(np.float32).reshape(-1, *IMAGE_SHAPE)
    labels = data.target.astype(np.int64)
    train_x, held_x, train_y, held_y = train_test_split(
        images, labels, test_size=HELD_OUT, stratify=labels, random_state=SPLIT_SEED
    )
    return DigitSet(train_x, train_y), DigitSet(held_x, held_y)
