"""The array and its columns' accumulators, as both engines wire them."""

from amaranth.hdl import *
from amaranth.lib import data

from hw.accumulator_bank import AccumulatorBank
from hw.accumulator_bank_pair import AccumulatorBankPair
from hw.pipeline import delayed
from hw.place import place
from hw.skew import Skew
from hw.systolic_array import SystolicArray

__all__ = ["add_array", "add_banks"]


def add_array(m, platform, config, *, activation, first, weight, load):
    """Add the array with the skew of its activations, and return its sums.

    Parameters
    ----------
    m : Module
        The engine.
    platform : object
        What its `elaborate` was given.
    config : EngineConfig
        Its sizes and formats.
    activation : View(ArrayLayout(ArrayLayout(signed, group), groups))
        A row of activations.
    first : Value
        Whether it is the first one of its tile of weights.
    weight : View(ArrayLayout(signed, cols))
        Rows of a tile as a diagonal: column c of a row c cycles late.
    load : Value
        The group of the row that is in column 0, one-hot.
    """
    step = data.StructLayout({"activation": config.group_layout, "swap": 1})
    delays = [config.group_delay(g) for g in range(config.groups)]
    m.submodules.activation_skew = activation_skew = Skew(
        step, lanes=config.groups, delays=delays)
    array = place(m, platform, "array", lambda: SystolicArray(config), module="array")
    for g in range(config.groups):
        m.d.comb += [
            activation_skew.i[g].activation.eq(activation[g]),
            activation_skew.i[g].swap.eq(first),
            array.i_activation[g].eq(activation_skew.o[g].activation),
            array.i_swap[g].eq(activation_skew.o[g].swap),
        ]
    m.d.comb += [array.i_weight.eq(weight), array.i_load.eq(load)]
    return array.o_sum


def add_banks(m, platform, config, *, entries, control, sums, drained, drain=None):
    """Add each column's accumulators, between its sums and its requantizer lane.

    Parameters
    ----------
    m, platform, config
        As above.
    entries : int
        Entries of the requantizers' parameter tables.
    control : View(AccumulateControl)
        What is done with the sums of a row, as the row comes to the array.
    sums : View(ArrayLayout(signed, cols))
        The sums.
    drained : sequence of View
        `ColumnLanes.i_drained`.
    drain : View(DrainControl), optional
        What is drained of the other one of two banks; without it a column has one.
    """
    kind = AccumulatorBank if drain is None else AccumulatorBankPair
    ahead = SystolicArray.latency_of(config) - kind.SUM_AFTER
    control = delayed(m, control, ahead, name="control")
    for c in range(config.cols):
        bank = place(
            m, platform, f"bank_{c}", lambda: kind(config, entries=entries), module="bank")
        word = drained[c]
        m.d.comb += [
            bank.i_control.eq(control),
            bank.i_sum.eq(sums[c]),
            word.valid.eq(bank.o_valid),
            word.last.eq(bank.o_last),
            word.entry.eq(bank.o_entry),
            word.acc.eq(bank.o_acc),
        ]
        control = bank.o_control
        if drain is not None:
            m.d.comb += bank.i_drain.eq(drain)
            drain = bank.o_drain
