"""An element of the array: a group of rows in one column."""

from enum import Enum

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.multiplier import Multiplier
from hw.multiplier_dsp48 import ColumnPairMultiplier
from hw.multiplier_kind import MultiplierKind
from hw.multiplier_pair import MultiplierPair
from hw.pipeline import delayed, registered

__all__ = ["ProcessingElement", "Side"]


class Side(Enum):
    """Where an element stands of a pair in neighbouring columns that shares its multipliers."""

    ALONE = "alone"
    LEFT = "left"
    RIGHT = "right"


class ProcessingElement(wiring.Component):
    """Multiplies a group of activations by its weights and adds the products to a partial sum.

    `o_sum = i_sum + Σ i_activation[n] · weight[n]`, n from 0 to group - 1, exactly.

    Each row has an active weight and a shadow weight. `i_load` shifts `i_weight` into the shadow
    weights from the last row to the first, so that `group` loads leave the first one in row 0.
    `i_swap` makes the shadow weights active for the activations of this very cycle and all later
    ones. A load in the cycle of a swap comes after it.

    Activations, swap and load go on to the next column one cycle later.

    No flow control, no reset: bubbles are computed like rows. Latency from `i_activation` to
    `o_sum` is `latency` cycles, from `i_sum` to `o_sum` `sum_latency`; throughput one group per
    cycle.

    Parameters
    ----------
    config : EngineConfig
        Formats and the size of a group.
    above : int
        Products in the sum that comes from above, 0 for the first group of a column.
    sum_latency : int
        Cycles from `i_sum` to `o_sum`, 1 or more: the addition, and registers for a far way.
    kind : MultiplierKind, optional
        What it multiplies with, if not with `config.multiplier`.
    side : Side
        Whether it multiplies for its neighbour, too, or has it multiply.

    Members
    -------
    i_activation, o_activation : In/Out(ArrayLayout(signed, group))
        One activation a row, and the same for the column to the right.
    i_swap, o_swap : In/Out(1)
        The shadow weights become active.
    i_load, o_load : In/Out(1)
        A weight is shifted into the shadow weights.
    i_weight : In(signed)
        The weight that is shifted in.
    i_sum : In(signed)
        Partial sum of the groups above, for the activations of one cycle earlier there. Not in the
        first group of a column.
    o_sum : Out(signed)
        Partial sum down to this group.
    i_right_weight : In(ArrayLayout(signed, group))
    o_right_product : Out(ArrayLayout(signed, group))
        On the left side of a pair: shadow weights and products of the right one.
    o_shadow_weight : Out(ArrayLayout(signed, group))
    i_product : In(ArrayLayout(signed, group))
        On the right side: its shadow weights and products.
    """

    def __init__(self, config, *, above, sum_latency=1, kind=None, side=Side.ALONE):
        self.config = config
        self.kind = config.multiplier if kind is None else kind
        self.sum_latency = sum_latency
        self.above = above
        self.side = side
        members = {
            "i_activation": In(config.group_layout),
            "i_swap":       In(1),
            "i_load":       In(1),
            "i_weight":     In(config.weight_shape),
            "o_activation": Out(config.group_layout),
            "o_swap":       Out(1),
            "o_load":       Out(1),
            "o_sum":        Out(config.sum_shape(above + config.group)),
        }
        weights = data.ArrayLayout(config.weight_shape, config.group)
        bits = config.activation_shape.width + config.weight_shape.width
        products = data.ArrayLayout(signed(bits), config.group)
        if side is Side.LEFT:
            members |= {"i_right_weight": In(weights), "o_right_product": Out(products)}
        if side is Side.RIGHT:
            members |= {"o_shadow_weight": Out(weights), "i_product": In(products)}
        if above:
            members["i_sum"] = In(config.sum_shape(above))
        super().__init__(members)

    @staticmethod
    def latency_of(config):
        """Cycles from `i_activation` to the sum: the multiplier, the tree, the addition."""
        tree = (config.group - 1).bit_length()
        return Multiplier.LATENCY + tree + 1

    @property
    def latency(self):
        """Cycles from `i_activation` to `o_sum`."""
        return self.latency_of(self.config) + self.sum_latency - 1

    def elaborate(self, platform):
        m = Module()
        config = self.config

        shadow = Signal(data.ArrayLayout(config.weight_shape, config.group), reset_less=True)
        with m.If(self.i_load):
            for row in range(config.group):
                below = shadow[row + 1] if row + 1 < config.group else self.i_weight
                m.d.sync += shadow[row].eq(below)

        # The way right. Where the multiplier's operand register is in the fabric, it is this one.
        m.d.comb += [
            self.o_activation.eq(registered(m, self.i_activation, name="activation")),
            self.o_swap.eq(registered(m, self.i_swap, name="swap")),
            self.o_load.eq(registered(m, self.i_load, name="load")),
        ]
        terms = self._multiply(m, shadow)
        # A level of the adder tree a cycle, each a bit wider.
        while len(terms) > 1:
            terms = [
                registered(m, left + right, name=f"tree{len(terms)}_{pair}")
                for pair, (left, right) in enumerate(zip(terms[::2], terms[1::2], strict=True))
            ]
        total = terms[0] + (self.i_sum if self.above else 0)
        # `sum_shape` is exact: the bits cut off repeat the sign.
        total = total[:len(self.o_sum)].as_signed()
        m.d.comb += self.o_sum.eq(delayed(m, total, self.sum_latency, name="sum"))

        return m

    def _multiply(self, m, weights):
        """Add the multipliers, and return their products."""
        if self.side is Side.RIGHT:
            m.d.comb += self.o_shadow_weight.eq(weights)
            return [self.i_product[row] for row in range(self.config.group)]
        if self.kind is MultiplierKind.ICE40 and self.config.group > 1:
            return self._multiply_pairs(m, weights)
        shapes = self.config.activation_shape, self.config.weight_shape
        products = []
        for row in range(self.config.group):
            if self.side is Side.LEFT:
                multiplier = ColumnPairMultiplier(*shapes)
                m.d.comb += [
                    multiplier.b_right.eq(self.i_right_weight[row]),
                    self.o_right_product[row].eq(multiplier.o_right),
                ]
            else:
                multiplier = Multiplier(*shapes, kind=self.kind)
            m.submodules[f"multiplier{row}"] = multiplier
            m.d.comb += [
                multiplier.a.eq(self.i_activation[row]),
                multiplier.b.eq(weights[row]),
                multiplier.take_b.eq(self.i_swap),
            ]
            products.append(multiplier.o)
        return products

    def _multiply_pairs(self, m, weights):
        """Add multipliers of two rows each."""
        products = []
        for row in range(0, self.config.group, 2):
            pair = MultiplierPair(
                self.config.activation_shape, self.config.weight_shape, kind=self.kind
            )
            m.submodules[f"multipliers{row}"] = pair
            m.d.comb += [
                pair.take_b.eq(self.i_swap),
                *(pair.a[n].eq(self.i_activation[row + n]) for n in range(2)),
                *(pair.b[n].eq(weights[row + n]) for n in range(2)),
            ]
            products += [pair.o[n] for n in range(2)]
        return products
