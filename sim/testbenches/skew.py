"""Skew and Deskew: lane n comes out n cycles late, or `lanes - 1 - n` cycles late."""

from typing import Any

import cocotb
import numpy as np

from hw.skew import Deskew, Skew
from sim import clock
from sim.environment import generator, parameters
from sim.lanes import pack
from sim.lockstep import play
from sim.scoreboard import Scoreboard
from sim.stimulus import weighted
from sim.testbench import Testbench


def _build(*, direction: str, lanes: int, bits: int, share: int = 1) -> Any:
    if direction == "skew":
        return Skew(bits, lanes=lanes)
    return Deskew(bits, lanes=lanes, share=share)


TESTBENCH = Testbench(
    build=_build,
    everyday=[
        {"direction": "skew", "lanes": 3, "bits": 8},
        {"direction": "skew", "lanes": 1, "bits": 8},
        {"direction": "deskew", "lanes": 6, "bits": 8, "share": 3},
        {"direction": "deskew", "lanes": 5, "bits": 1},
    ],
    long=[
        {"direction": "skew", "lanes": 64, "bits": 8},
        {"direction": "deskew", "lanes": 64, "bits": 32},
    ],
)


def _latencies() -> list[int]:
    lanes = parameters()["lanes"]
    return list(range(lanes) if parameters()["direction"] == "skew" else range(lanes - 1, -1, -1))


@cocotb.test()
async def every_lane_has_its_latency(dut: Any) -> None:
    """Weighted lanes, a new beat in every cycle."""
    lanes, bits, share = (parameters().get(name, 1) for name in ("lanes", "bits", "share"))
    driven = weighted(generator("operands"), (400, lanes // share), bits=bits)
    first = lanes - 1
    expected = [
        driven[first - late : len(driven) - late, lane // share]
        for lane, late in enumerate(_latencies())
    ]
    await clock.start(dut)
    seen = await play(dut, {"i": [pack(row, bits) for row in driven]}, ["o"])
    Scoreboard("o", np.stack(expected, axis=1), bits=bits).check_all(seen["o"][first:])
