"""The ranges of activations: what their values over the batches of calibration data say."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from flow.errors import UserError
from flow.onnx_float import FloatArray
from golden.channels import as_float, as_float32
from golden.formats import INT8, UINT8, IntegerFormat
from golden.quantization import Quantization, Range
from golden.quantize import QuantizationKind, choose, raise_to_power_of_two
from golden.ranges import RangeRule, find_range

__all__ = ["ActivationSettings", "RangeStatistics", "calibrate", "choose_activation", "probability"]

MAX_VALUES = 1 << 27
"""Values kept at a time, 512 MB; for more, the data are run again for the tensors that are left."""

Run = Callable[[tuple[str, ...]], Iterable[Mapping[str, FloatArray]]]
"""Computes tensors of the float model, batch by batch."""


@dataclass(frozen=True, kw_only=True)
class ActivationSettings:
    """How activations are quantized; one scale and zero point for each tensor.

    Parameters
    ----------
    rule : how the range follows from the values
    percent : for RangeRule.PERCENTILE, 99.99 if not given
    format : int8 or uint8
    symmetric : the zero point is 0, or 128 of uint8
    power_of_two : every scale is one
    """

    rule: RangeRule = RangeRule.MIN_MAX
    percent: float | None = None
    format: IntegerFormat = INT8
    symmetric: bool = False
    power_of_two: bool = False

    def __post_init__(self) -> None:
        if self.format not in (INT8, UINT8):
            raise ValueError(f"activations must be int8 or uint8, not {self.format}")
        if self.percent is not None and not 0 < self.percent <= 100:
            raise ValueError(f"percent must be above 0 and at most 100, not {self.percent}")


class RangeStatistics:
    """What a range rule needs to know of a tensor's values, taken in batch by batch.

    All rules but MOVING_AVERAGE give the same range for the same values in any order and in any
    batches.
    """

    def __init__(self, settings: ActivationSettings) -> None:
        self._settings = settings
        self._batches: list[FloatArray] = []

    @staticmethod
    def keeps_values(rule: RangeRule) -> bool:
        """Whether all values are kept, and not only the ends of each batch."""
        return rule not in (RangeRule.MIN_MAX, RangeRule.MOVING_AVERAGE)

    def add(self, values: FloatArray) -> None:
        """Take in a batch. Raises ValueError for no values, or some that are not finite."""
        array = as_float(as_float32(values))
        if self.keeps_values(self._settings.rule):
            self._batches.append(array.reshape(-1).copy())
        else:
            self._batches.append(np.array([array.min(), array.max()], np.float32))

    def range(self) -> Range:
        """The clipping range of everything so far. Raises ValueError if there is nothing."""
        settings = self._settings
        if not self._batches:
            raise ValueError("calibration needs at least one batch of data, not none")
        if settings.rule is RangeRule.MOVING_AVERAGE:
            found = find_range(self._batches, settings.rule, settings.format)
            return _symmetric(found) if settings.symmetric else found
        # the search sums errors: sorted, they are added in the same order whatever came first
        return find_range(
            np.sort(np.concatenate(self._batches)),
            settings.rule,
            settings.format,
            symmetric=settings.symmetric,
            percent=settings.percent,
        )


def calibrate(
    run: Run,
    ranged_by: Mapping[str, tuple[str, ...]],
    sizes: Mapping[str, int],
    settings: ActivationSettings,
    on_tensor: Callable[[str], None] = lambda name: None,
) -> dict[str, Quantization]:
    """Quantizations by the name of a group, from the values of the tensors that decide on it.

    `sizes` are the numbers of values of the tensors over all data. Raises UserError for a tensor
    that is not finite.
    """
    found = {}
    for groups in _passes(ranged_by, sizes, settings):
        statistics = {group: RangeStatistics(settings) for group in groups}
        names = tuple(name for group in groups for name in ranged_by[group])
        for tensors in run(names):
            for group in groups:
                values = np.concatenate([tensors[n].reshape(-1) for n in ranged_by[group]])
                try:
                    statistics[group].add(values)
                except ValueError as error:
                    raise UserError(
                        f"tensor {group} of the float model: {error}; look for it in the data and "
                        "in the model"
                    ) from error
        for group in groups:
            on_tensor(group)
            found[group] = choose_activation(statistics.pop(group).range(), settings)
    return found


def choose_activation(found: Range, settings: ActivationSettings) -> Quantization:
    """The scale and zero point of a range.

    An asymmetric power of two is the asymmetric scale raised to it, with the zero point
    qmin - low / scale, ties to even: the lower end stays the lowest code.
    """
    if settings.symmetric:
        kinds = QuantizationKind.SYMMETRIC, QuantizationKind.POWER_OF_TWO
        return choose(found, settings.format, kinds[settings.power_of_two])
    exact = choose(found, settings.format, QuantizationKind.ASYMMETRIC)
    if not settings.power_of_two:
        return exact
    scale = raise_to_power_of_two(exact.scale.astype(np.float64))
    low = np.minimum(found.low, 0.0)
    zero_point = np.rint(exact.low - low / scale).astype(np.int64)
    return Quantization(scale.astype(np.float32), zero_point, settings.format)


def probability(settings: ActivationSettings) -> Quantization:
    """Steps of 1/256 from 0, or with a symmetric zero point 1/128: as runtimes have a softmax."""
    one_sided = Range(np.array(0.0), np.array(255 / 256))
    return choose_activation(one_sided, settings)


def _passes(
    ranged_by: Mapping[str, tuple[str, ...]], sizes: Mapping[str, int], settings: ActivationSettings
) -> Iterator[tuple[str, ...]]:
    """Groups that are calibrated in one run over the data."""
    if not RangeStatistics.keeps_values(settings.rule):
        yield tuple(ranged_by)
        return
    taken: list[str] = []
    values = 0
    for group, names in ranged_by.items():
        size = sum(sizes[name] for name in names)
        if size > MAX_VALUES:
            raise UserError(
                f"tensor {group} has {size:,} values over the calibration data, more than "
                f"{MAX_VALUES:,}; give fewer samples or --method minmax"
            )
        if values + size > MAX_VALUES:
            yield tuple(taken)
            taken, values = [], 0
        taken.append(group)
        values += size
    yield tuple(taken)


def _symmetric(found: Range) -> Range:
    top = np.maximum(np.abs(found.low), np.abs(found.high))
    return Range(-top, top)
