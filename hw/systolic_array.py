"""The grid of processing elements."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.multiplier_kind import MultiplierKind
from hw.place import place
from hw.processing_element import ProcessingElement, Side

__all__ = ["SystolicArray"]


class SystolicArray(wiring.Component):
    """Computes `sum[c] = Σ activation[r] · weight[r][c]` over all rows r, for every column c.

    Everything is skewed, as `hw.skew.Skew` makes it: group g of a row of activations enters
    `config.group_delay(g)` cycles after group 0 (g, but for far ways), and column c gets its
    weights and gives its sums c cycles after column 0.

    ::

                     weight[0]  weight[1]
                         │          │
        group 0 ───▶ element ──▶ element ──▶
                         │ sum      │
        group 1 ───▶ element ──▶ element ──▶
                         ▼          ▼
                     o_sum[0]   o_sum[1]

    A weight tile is loaded a row a cycle, from row 0 on: `i_weight[c]` with `i_load[g]` for the
    group of the row, each group in `group` loads. `i_swap[g]` comes with the group's first
    activations that meet the new weights.

    No flow control, no reset. Latency from group 0 to column 0 is `latency` cycles; throughput one
    row of activations per cycle.

    Parameters
    ----------
    config : EngineConfig
        Sizes and formats.

    Members
    -------
    i_activation : In(ArrayLayout(ArrayLayout(signed, group), groups))
        Skewed activations.
    i_swap : In(groups)
        The loaded weights become active for these and later activations, a bit a group.
    i_weight : In(ArrayLayout(signed, cols))
        Skewed row of weights.
    i_load : In(groups)
        `i_weight[0]` belongs to this group; the columns to the right follow by themselves.
    o_sum : Out(ArrayLayout(signed, cols))
        Skewed sums.
    """

    def __init__(self, config):
        self.config = config
        super().__init__({
            "i_activation": In(data.ArrayLayout(config.group_layout, config.groups)),
            "i_swap":       In(config.groups),
            "i_weight":     In(data.ArrayLayout(config.weight_shape, config.cols)),
            "i_load":       In(config.groups),
            "o_sum":        Out(data.ArrayLayout(config.sum_shape(config.rows), config.cols)),
        })

    @staticmethod
    def latency_of(config):
        """Cycles from group 0 of the activations to the sum of column 0."""
        return ProcessingElement.latency_of(config) + config.group_delay(config.groups - 1)

    @property
    def latency(self):
        """Cycles from group 0 of the activations to the sum of column 0."""
        return self.latency_of(self.config)

    def elaborate(self, platform):
        m = Module()
        config = self.config

        above = [None] * config.cols
        for g in range(config.groups):
            left = None
            for c in range(config.cols):
                element = self._place_element(m, platform, g, c)
                m.d.comb += [
                    element.i_activation.eq(left.o_activation if left else self.i_activation[g]),
                    element.i_swap.eq(left.o_swap if left else self.i_swap[g]),
                    element.i_load.eq(left.o_load if left else self.i_load[g]),
                    element.i_weight.eq(self.i_weight[c]),
                ]
                if self._side_of(g, c) is Side.RIGHT:
                    m.d.comb += [
                        left.i_right_weight.eq(element.o_shadow_weight),
                        element.i_product.eq(left.o_right_product),
                    ]
                if g > 0:
                    m.d.comb += element.i_sum.eq(above[c].o_sum)
                left = above[c] = element

        for c in range(config.cols):
            m.d.comb += self.o_sum[c].eq(above[c].o_sum)

        return m

    def _side_of(self, g, c):
        """Return where an element stands of a pair that shares its multipliers."""
        right = c | 1
        pair = right < self.config.cols and self.config.kind_of(g, right) is MultiplierKind.XC7
        if not pair:
            return Side.ALONE
        return Side.RIGHT if c == right else Side.LEFT

    def _place_element(self, m, platform, g, c):
        """Put an element into the grid. Those alike, with sums as wide, are one module."""
        config = self.config
        above = g * config.group
        latency = config.sum_latency(g)
        module = "element_first"
        if above:
            width_in = config.sum_shape(above).width
            width_out = config.sum_shape(above + config.group).width
            module = f"element_{width_in}_{width_out}_{latency}"
        kind, side = config.kind_of(g, c), self._side_of(g, c)
        if kind is not config.multiplier:
            module += f"_{kind.value}"
        if side is not Side.ALONE:
            module += f"_{side.value}"
        return place(
            m, platform, f"element_{g}_{c}",
            lambda: ProcessingElement(
                config, above=above, sum_latency=latency, kind=kind, side=side),
            module=module,
        )
