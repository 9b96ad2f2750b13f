"""Accumulator bank: set, add and drain, at every distance the contract allows."""

from typing import Any

import cocotb
import numpy as np

from golden.accumulate import wrap
from hw.accumulator_bank import AccumulateControl, AccumulatorBank
from sim import clock
from sim.engine_parameters import engine_config
from sim.environment import generator, parameters
from sim.lanes import pack
from sim.lockstep import play
from sim.scoreboard import Scoreboard
from sim.stimulus import weighted
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


def _controls(depth: int) -> list[dict[str, int]]:
    """Draw a control for every cycle; none adds to a word written too short a time ago."""
    random = generator("control")
    written = dict.fromkeys(range(depth), -AccumulatorBank.RECURRENCE)
    controls = []
    for t in range(CYCLES):
        valid, add, drain, last = (random.random(4) < (0.9, 0.8, 0.3, 0.5)).tolist()
        # A few words only, so that each is used again and again at the shortest distance.
        row = int(random.integers(min(depth, 6))) * ((depth - 1) // (min(depth, 6) - 1))
        # A word's first use in this test sets it, whatever a test before this one left.
        add = add and (written[row] >= 0) and t - written[row] >= AccumulatorBank.RECURRENCE
        if valid and not drain:
            written[row] = t
        controls.append(
            {
                "valid": int(valid),
                "row": row,
                "add": int(add),
                "drain": int(drain),
                "last": int(last),
                "entry": int(random.integers(ENTRIES)),
            }
        )
    return controls


@cocotb.test()
async def set_add_and_drain(dut: Any) -> None:
    """Weighted sums; accumulators of 16 and 20 bits wrap many times."""
    config = engine_config(**parameters())
    layout = AccumulateControl(depth=config.depth, entries=ENTRIES)
    controls = _controls(config.depth)
    sum_bits = len(dut.i_sum)
    sums = weighted(generator("sums"), (CYCLES,), bits=sum_bits)

    # A sum comes SUM_AFTER cycles after its control.
    words: dict[int, int] = {}
    results, flags, times = [], [], []
    for t, control in enumerate(controls[: -AccumulatorBank.RECURRENCE]):
        if control["valid"]:
            base = words.get(control["row"], 0) if control["add"] else 0
            total = base + int(sums[t + AccumulatorBank.SUM_AFTER])
            total = int(wrap(np.array([total]), config.accumulator_bits)[0])
            if control["drain"]:
                times.append(t + AccumulatorBank.SUM_AFTER + AccumulatorBank.OUTPUT_AFTER)
                results.append([total])
                flags.append((control["last"], control["entry"]))
            else:
                words[control["row"]] = total

    inputs = {
        "i_control": [layout.const(control).as_bits() for control in controls],
        "i_sum": [pack([value], sum_bits) for value in sums],
    }
    await clock.start(dut)
    seen = await play(dut, inputs, ["o_valid", "o_last", "o_entry", "o_acc", "o_control"])
    board = Scoreboard("o_acc", results, bits=config.accumulator_bits)
    board.check_all(seen["o_acc"][t] for t in times)
    assert [t for t, valid in enumerate(seen["o_valid"]) if valid][: len(times)] == times
    assert [(seen["o_last"][t], seen["o_entry"][t]) for t in times] == flags
    assert seen["o_control"][1:] == inputs["i_control"][:-1], "o_control is not a cycle late"
