"""Requantizer lane: golden's answer for every accumulator, each with parameters of its own."""

from typing import Any

import cocotb

from golden.formats import IntegerFormat
from golden.names import parse_name
from golden.scheme import Scheme
from hw.multiplier_kind import MultiplierKind
from hw.requantizer_lane import RequantizerLane
from sim import clock
from sim.environment import generator, parameters
from sim.lockstep import play
from sim.requantizer_rows import requantizer_rows
from sim.scoreboard import Scoreboard
from sim.stimulus import weighted
from sim.testbench import Testbench

ROWS = 4000
ENTRIES = 64
"""More than there are cycles in the lane, so that no entry is written while it is used."""


def _build(
    *, schemes: list[str], out: str = "int8", acc_bits: int = 32, multiplier: str = "portable"
) -> Any:
    return RequantizerLane(
        schemes=frozenset(Scheme[name] for name in schemes),
        entries=ENTRIES,
        out_format=IntegerFormat.parse(out),
        acc_bits=acc_bits,
        multiplier_kind=parse_name(MultiplierKind, multiplier),
    )


TESTBENCH = Testbench(
    build=_build,
    everyday=[
        {"schemes": ["FLOAT32", "FIXED", "SHIFT"]},
        {"schemes": ["FLOAT32", "FIXED", "SHIFT"], "multiplier": "ecp5"},
    ],
    long=[
        {"schemes": ["FLOAT32"]},
        {"schemes": ["FLOAT32"], "multiplier": "ecp5"},
        {"schemes": ["FIXED"]},
        {"schemes": ["SHIFT"]},
        {"schemes": ["FIXED", "SHIFT"], "out": "int4", "acc_bits": 20},
        {"schemes": ["FLOAT32", "FIXED"], "out": "int16"},
    ],
)


@cocotb.test()
async def near_ties_and_every_edge(dut: Any) -> None:
    """A row in most cycles, its word written just before it, while others are in the lane."""
    lane: Any = _build(**parameters())
    random = generator("rows")
    rows = list(
        requantizer_rows(
            random,
            ROWS,
            schemes=sorted(lane.schemes, key=lambda scheme: scheme.name),
            out_format=lane.out_format,
            acc_bits=lane.acc_bits,
        )
    )
    mask = (1 << lane.acc_bits) - 1
    valid = random.random(ROWS) < 0.8
    idle = lane.latency + 4
    bubbles = weighted(random, (idle,), bits=lane.acc_bits)
    inputs = {
        "write_en": [1] * ROWS + [0] * (idle + 1),
        "write_index": [t % ENTRIES for t in range(ROWS)] + [0] * (idle + 1),
        "write_word": [lane.plan.word.encode(row.parameters) for row in rows] + [0] * (idle + 1),
        "i_valid": [0, *valid.astype(int).tolist()] + [0] * idle,
        "i_index": [0, *(t % ENTRIES for t in range(ROWS))] + [0] * idle,
        "i_acc": [0, *(row.acc & mask for row in rows), *(int(b) & mask for b in bubbles)],
    }
    await clock.start(dut)
    seen = await play(dut, inputs, ["o_valid", "o_value"])

    times = [t + lane.latency for t, high in enumerate(inputs["i_valid"]) if high]
    assert [t for t, high in enumerate(seen["o_valid"]) if high] == times
    expected = [[row.expected] for row, taken in zip(rows, valid, strict=True) if taken]
    board = Scoreboard("o_value", expected, bits=lane.out_format.bits)
    board.check_all(seen["o_value"][t] for t in times)
