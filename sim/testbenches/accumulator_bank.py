"""Accumulator bank: every operation and drain, at every distance the contract allows."""

from collections.abc import Mapping, Sequence
from typing import Any

import cocotb
import numpy as np

from golden.accumulate_operation import AccumulateOperation, combine
from hw.accumulator_bank import AccumulateControl, AccumulatorBank
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
CYCLES = 3000


def _build(**sizes: Any) -> Any:
    return AccumulatorBank(engine_config(**sizes), entries=ENTRIES)


TESTBENCH = Testbench(
    build=_build,
    everyday=[
        {"rows": 8, "depth": 2, "accumulator_bits": 32},
        {"rows": 8, "depth": 5, "accumulator_bits": 20},
    ],
    long=[
        {"rows": 1, "depth": 16, "accumulator_bits": 16},
        {"rows": 64, "depth": 4096, "accumulator_bits": 32},
    ],
)


_LATER = ["ADD", "SHIFT_ADD", "MAX"]


def _controls(depth: int, later: Sequence[AccumulateOperation]) -> list[dict[str, Any]]:
    """Draw a control for every cycle; none uses a word written too short a time ago."""
    random = generator("control", *(operation.name for operation in later))
    written = dict.fromkeys(range(depth), -AccumulatorBank.RECURRENCE)
    controls = []
    for t in range(CYCLES):
        valid, uses, drain, last = (random.random(4) < (0.9, 0.8, 0.3, 0.5)).tolist()
        # A few words only, so that each is used again and again at the shortest distance.
        row = int(random.integers(min(depth, 6))) * ((depth - 1) // (min(depth, 6) - 1))
        # A word's first use in this test sets it, whatever a test before this one left.
        uses = uses and (written[row] >= 0) and t - written[row] >= AccumulatorBank.RECURRENCE
        operation = later[int(random.integers(len(later)))] if uses else AccumulateOperation.SET
        if valid and not drain:
            written[row] = t
        controls.append(
            {
                "valid": int(valid),
                "row": row,
                "operation": operation,
                "drain": int(drain),
                "last": int(last),
                "entry": int(random.integers(ENTRIES)),
            }
        )
    return controls


def _results(
    controls: Sequence[Mapping[str, Any]], sums: Integers, bits: int
) -> dict[int, Mapping[str, Any]]:
    """Return the control of each result with its `acc`, by the cycle in which it is due."""
    words: dict[int, Integers] = {}
    results: dict[int, Mapping[str, Any]] = {}
    for t, control in enumerate(controls[: -AccumulatorBank.RECURRENCE]):
        if not control["valid"]:
            continue
        partial = sums[t + AccumulatorBank.SUM_AFTER]
        before = words.get(control["row"], np.int64(0))
        after = combine(control["operation"], before, partial, bits=bits)
        if control["drain"]:
            due = t + AccumulatorBank.SUM_AFTER + AccumulatorBank.OUTPUT_AFTER
            results[due] = {**control, "acc": int(after)}
        else:
            words[control["row"]] = after
    return results


def _as_bits(layout: AccumulateControl, control: Mapping[str, Any]) -> int:
    operation = OperationCode[control["operation"].name]
    return int(layout.const({**control, "operation": operation}).as_bits())


@cocotb.test()
@cocotb.parametrize(later=[*([name] for name in _LATER), _LATER])
async def every_operation_and_drain(dut: Any, later: list[str]) -> None:
    """Weighted sums of both signs; accumulators of 16 and 20 bits wrap many times at both ends."""
    config = engine_config(**parameters())
    controls = _controls(config.depth, [AccumulateOperation[name] for name in later])
    sum_bits = len(dut.i_sum)
    sums = weighted(generator("sums"), (CYCLES,), bits=sum_bits)
    results = _results(controls, sums, config.accumulator_bits)

    layout = AccumulateControl(depth=config.depth, entries=ENTRIES)
    inputs = {
        "i_control": [_as_bits(layout, control) for control in controls],
        "i_sum": [pack([value], sum_bits) for value in sums],
    }
    await clock.start(dut)
    seen = await play(dut, inputs, ["o_valid", "o_last", "o_entry", "o_acc", "o_control"])
    board = Scoreboard(
        "o_acc", [[result["acc"]] for result in results.values()], bits=config.accumulator_bits
    )
    board.check_all(seen["o_acc"][t] for t in results)
    # What comes before the first control has gone through is left from before.
    begin = AccumulatorBank.SUM_AFTER + AccumulatorBank.OUTPUT_AFTER
    valid = [t for t, valid in enumerate(seen["o_valid"]) if valid and t >= begin]
    assert valid[: len(results)] == list(results)
    for name in ("last", "entry"):
        expected = [result[name] for result in results.values()]
        assert [seen[f"o_{name}"][t] for t in results] == expected
    assert seen["o_control"][1:] == inputs["i_control"][:-1], "o_control is not a cycle late"
