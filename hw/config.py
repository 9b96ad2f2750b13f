"""The parameters of a GEMM engine, checked once."""

from dataclasses import dataclass

from amaranth.hdl import Shape
from amaranth.lib import data

from golden.formats import INT8, IntegerFormat
from golden.scheme import Scheme
from hw.multiplier_kind import MultiplierKind
from hw.parameter_word import ParameterWord

__all__ = ["EngineConfig"]

_MAX_SIDE = 64
_GROUPS = (4, 2, 1)
_MAX_DEPTH = 4096
_SCHEMES = frozenset({Scheme.FLOAT32, Scheme.FIXED, Scheme.SHIFT})


@dataclass(frozen=True)
class EngineConfig:
    """Sizes and formats of a GEMM engine.

    Parameters
    ----------
    rows : int
        Rows of the array, along the reduction axis, 1 to 64.
    cols : int
        Columns of the array, one output channel each, 1 to 64.
    group : int or None
        Rows that share a time step: 1, 2 or 4, and a divisor of `rows`. None takes the largest.
    depth : int
        Rows of activations that one pass may have: words of an accumulator bank, 2 to 4096.
    lanes : int or None
        Requantizers, a divisor of `cols`: each serves as many neighbouring columns. None takes one
        for each column. With fewer, a column has a second accumulator bank, and drains one while
        it fills the other.
    statistics : bool
        Whether results, stalls and passes are watched, for counters.
    schemes : frozenset of Scheme
        Requantization schemes that a layer can choose from at run time.
    accumulator_bits : int
        Width of the accumulators. They wrap.
    activation, weight, output : IntegerFormat
        Formats of the streams.
    multiplier : MultiplierKind
        What elements multiply with.
    dsp_rows, dsp_cols : int or None
        Only the elements of so many rows, whole groups, and columns, the first ones, multiply with
        that: the others with look-up tables. None takes all.
    """

    rows: int = 8
    cols: int = 8
    group: int | None = None
    depth: int = 512
    lanes: int | None = None
    statistics: bool = False
    schemes: frozenset = _SCHEMES
    accumulator_bits: int = 32
    activation: IntegerFormat = INT8
    weight: IntegerFormat = INT8
    output: IntegerFormat = INT8
    multiplier: MultiplierKind = MultiplierKind.PORTABLE
    dsp_rows: int | None = None
    dsp_cols: int | None = None

    def __post_init__(self):
        for name, value, low, high in (
            ("rows", self.rows, 1, _MAX_SIDE),
            ("columns", self.cols, 1, _MAX_SIDE),
            ("depth", self.depth, 2, _MAX_DEPTH),
        ):
            if not isinstance(value, int) or isinstance(value, bool):
                raise TypeError(f"{name} must be an integer, not {value!r}")
            if not low <= value <= high:
                raise ValueError(f"{name} must be from {low} to {high}, not {value}")
        if self.group is None:
            group = next(group for group in _GROUPS if self.rows % group == 0)
            object.__setattr__(self, "group", group)
        if self.group not in _GROUPS:
            raise ValueError(f"rows must be grouped by 1, 2 or 4, not {self.group}")
        if self.rows % self.group:
            raise ValueError(
                f"rows must be a multiple of the group of {self.group}, not {self.rows}: "
                f"take a smaller group or {self.rows + -self.rows % self.group} rows"
            )
        self._check_lanes()
        self._check_multipliers()
        for name, number_format in (("activation", self.activation), ("weight", self.weight)):
            if not number_format.signed or number_format.bits < 2:
                raise ValueError(
                    f"{name} must be a signed format of 2 bits or more, not {number_format}: "
                    "subtract half the range from unsigned values and their zero point"
                )
        self._check_accumulators()

    def _check_lanes(self):
        if self.lanes is None:
            object.__setattr__(self, "lanes", self.cols)
        if not isinstance(self.lanes, int) or isinstance(self.lanes, bool):
            raise TypeError(f"lanes must be an integer, not {self.lanes!r}")
        if self.lanes < 1 or self.cols % self.lanes:
            legal = ", ".join(str(n) for n in range(1, self.cols + 1) if self.cols % n == 0)
            raise ValueError(
                f"lanes must divide the {self.cols} columns, which {self.lanes} does not: "
                f"take one of {legal}"
            )

    def _check_multipliers(self):
        if not isinstance(self.multiplier, MultiplierKind):
            raise TypeError(f"multiplier must be a MultiplierKind, not {self.multiplier!r}")
        most = self.multiplier.max_bits
        for name in ("activation", "weight"):
            if most is not None and getattr(self, name).bits > most:
                raise ValueError(
                    f"{name} must have at most {most} bits for multipliers of the kind "
                    f"{self.multiplier.value}, not {getattr(self, name).bits}"
                )
        for name, most in (("dsp_rows", self.rows), ("dsp_cols", self.cols)):
            value = getattr(self, name)
            if value is None:
                continue
            if not isinstance(value, int) or isinstance(value, bool):
                raise TypeError(f"{name} must be an integer, not {value!r}")
            if not 0 <= value <= most:
                raise ValueError(f"{name} must be from 0 to {most}, not {value}")
        if self.dsp_size[0] % self.group:
            raise ValueError(
                f"dsp_rows must be a multiple of the group of {self.group}, not {self.dsp_rows}"
            )

    def _check_accumulators(self):
        if not self.schemes or not self.schemes <= _SCHEMES:
            asked = ", ".join(sorted(scheme.value for scheme in self.schemes)) or "none"
            legal = ", ".join(sorted(scheme.value for scheme in _SCHEMES))
            raise ValueError(f"schemes must be one or more of {legal}, not {asked}")
        # Checks the format and the width.
        ParameterWord(out_format=self.output, acc_bits=self.accumulator_bits)
        if self.sum_shape(self.rows).width > self.accumulator_bits:
            raise ValueError(
                f"accumulators of {self.accumulator_bits} bits must hold the sum of {self.rows} "
                f"products, {self.sum_shape(self.rows).width} bits: take fewer rows"
            )

    @property
    def lane_columns(self):
        """Columns that a requantizer serves."""
        return self.cols // self.lanes

    @property
    def banks(self):
        """Accumulator banks of a column."""
        return 1 if self.lanes == self.cols else 2

    @property
    def groups(self):
        """Groups of rows: time steps that a column's chain of sums has."""
        return self.rows // self.group

    @property
    def activation_shape(self):
        """Shape of an activation."""
        return Shape(self.activation.bits, self.activation.signed)

    @property
    def weight_shape(self):
        """Shape of a weight."""
        return Shape(self.weight.bits, self.weight.signed)

    @property
    def output_shape(self):
        """Shape of an output."""
        return Shape(self.output.bits, self.output.signed)

    @property
    def group_layout(self):
        """Layout of the activations of a group."""
        return data.ArrayLayout(self.activation_shape, self.group)

    @property
    def dsp_size(self):
        """Rows and columns of the elements that multiply with `multiplier`."""
        asked = (self.dsp_rows, self.rows), (self.dsp_cols, self.cols)
        return tuple(most if value is None else value for value, most in asked)

    def kind_of(self, group, col):
        """Return what the element of a group of rows and a column multiplies with."""
        rows, cols = self.dsp_size
        has_block = group * self.group < rows and col < cols
        return self.multiplier if has_block else self.multiplier.tables

    def sum_latency(self, group):
        """Cycles from where the sum down to a group is complete to where the next one adds to it.

        A group of four fills a block row of an ECP5; the way to the next one, 24 tiles, takes a
        register of its own. The first group does not add, and so has that register anyway.
        """
        far = self.multiplier is MultiplierKind.ECP5 and self.group == _GROUPS[0]
        return 2 if far and 0 < group < self.groups - 1 else 1

    def group_delay(self, group):
        """Cycles that the activations of a group come after those of group 0."""
        return sum(self.sum_latency(above) for above in range(group))

    def sum_shape(self, products):
        """Shape of a sum of that many products: exactly wide enough."""
        largest = products * self.activation.min * self.weight.min
        return Shape(largest.bit_length() + 1, signed=True)

