"""Pair of accumulator banks: one is filled by every operation while the other is drained."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import cocotb
import numpy as np

from golden.accumulate_operation import AccumulateOperation, combine
from hw.accumulator_bank import AccumulateControl
from hw.accumulator_bank_pair import AccumulatorBankPair, DrainControl
from hw.instruction import AccumulateOperation as OperationCode
from sim import clock
from sim.engine_parameters import engine_config
from sim.environment import generator, parameters
from sim.lanes import pack
from sim.lockstep import play
from sim.scoreboard import Scoreboard
from sim.stimulus import Integers, weighted
from sim.testbench import Testbench

ENTRIES = 4
TURNS = 60


def _build(**sizes: Any) -> Any:
    return AccumulatorBankPair(engine_config(**sizes), entries=ENTRIES)


TESTBENCH = Testbench(
    build=_build,
    everyday=[{"rows": 8, "cols": 2, "lanes": 1, "depth": 5, "accumulator_bits": 20}],
    long=[{"rows": 64, "cols": 2, "lanes": 1, "depth": 64}],
)


@dataclass
class _Plan:
    """Both controls of every cycle, and the drained words by the cycle in which they are due."""

    fills: list[dict[str, Any]] = field(default_factory=list)
    drains: list[dict[str, Any]] = field(default_factory=list)
    results: dict[int, dict[str, Any]] = field(default_factory=dict)


def _fill_order(random: np.random.Generator, rows: int) -> list[tuple[AccumulateOperation, int]]:
    """Draw passes over the rows of a bank: set, then anything; then nothing, until it is written.

    A pass shorter than a word's way round is followed by rows of the next one as early as may be.
    """
    later = list(AccumulateOperation)
    operations = [AccumulateOperation.SET]
    operations += [later[n] for n in random.integers(len(later), size=random.integers(1, 4))]
    idle = [-1] * max(0, AccumulatorBankPair.RECURRENCE - rows)
    return [(operation, row) for operation in operations for row in [*range(rows), *idle]]


def _plan(random: np.random.Generator, depth: int, sums: Sequence[int], bits: int) -> _Plan:
    """Fill the banks in turn, and drain in each turn what the one before it has filled."""
    plan = _Plan()
    words: list[list[Integers]] = [[np.zeros((), np.int64)] * depth for _ in range(2)]
    previous = 0
    for turn in range(TURNS):
        bank, rows = turn % 2, int(random.integers(1, depth + 1))
        order = _fill_order(random, rows)
        drained, pause = 0, int(random.integers(2 * depth))
        for n in range(max(len(order), pause + previous) + AccumulatorBankPair.RECURRENCE - 1):
            t = len(plan.fills)
            operation, row = order[n] if n < len(order) else (AccumulateOperation.SET, -1)
            # A control that is not valid may name any bank.
            named = bank if row >= 0 else int(random.integers(2))
            plan.fills.append(
                {"valid": int(row >= 0), "row": max(row, 0), "bank": named, "operation": operation}
            )
            if row >= 0:
                partial = sums[t + AccumulatorBankPair.SUM_AFTER]
                words[bank][row] = combine(operation, words[bank][row], partial, bits=bits)
            drain = {
                "valid": int(n >= pause and drained < previous),
                "row": min(drained, depth - 1),
                "bank": 1 - bank,
                "last": int(drained == previous - 1),
                "entry": int(random.integers(ENTRIES)),
            }
            if drain["valid"]:
                acc = int(words[1 - bank][drained])
                plan.results[t + AccumulatorBankPair.DRAIN_LATENCY] = {**drain, "acc": acc}
                drained += 1
            plan.drains.append(drain)
        previous = rows
    return plan


def _fill_bits(layout: AccumulateControl, control: dict[str, Any]) -> int:
    operation = OperationCode[control["operation"].name]
    return int(layout.const({**control, "operation": operation}).as_bits())


@cocotb.test()
async def fill_one_and_drain_the_other(dut: Any) -> None:
    """Fills of one to all rows, drained when the last word is written or some time later."""
    config, random = engine_config(**parameters()), generator("plan")
    sum_bits = len(dut.i_sum)
    cycles = TURNS * (4 * (config.depth + AccumulatorBankPair.RECURRENCE) + 8)
    sums = weighted(random, (cycles,), bits=sum_bits)
    plan = _plan(random, config.depth, sums.tolist(), config.accumulator_bits)

    fill = AccumulateControl(depth=config.depth, entries=ENTRIES, banks=2)
    drain = DrainControl(depth=config.depth, entries=ENTRIES)
    tail = AccumulatorBankPair.DRAIN_LATENCY
    inputs = {
        "i_control": [_fill_bits(fill, control) for control in plan.fills] + [0] * tail,
        "i_drain": [drain.const(control).as_bits() for control in plan.drains] + [0] * tail,
        "i_sum": [pack([value], sum_bits) for value in sums[: len(plan.fills) + tail]],
    }
    await clock.start(dut)
    outputs = ["o_valid", "o_last", "o_entry", "o_acc", "o_control", "o_drain"]
    seen = await play(dut, inputs, outputs)
    assert [t for t, valid in enumerate(seen["o_valid"]) if valid] == list(plan.results)
    board = Scoreboard(
        "o_acc", [[result["acc"]] for result in plan.results.values()], bits=config.accumulator_bits
    )
    board.check_all(seen["o_acc"][t] for t in plan.results)
    for name in ("last", "entry"):
        expected = [result[name] for result in plan.results.values()]
        assert [seen[f"o_{name}"][t] for t in plan.results] == expected
    for name in ("control", "drain"):
        late = seen[f"o_{name}"][1:]
        assert late == inputs[f"i_{name}"][:-1], f"o_{name} is not a cycle late"
