"""GEMM engine behind AXI4-Stream ports: the same products, `tlast` with a pass's last row."""

from typing import Any

import cocotb

from hw.gemm_axis import GemmAxis
from sim import clock
from sim.engine_parameters import engine_config
from sim.environment import generator, parameters
from sim.gemm_bench import AXI, Feed, Stream, check_packet_ends
from sim.gemm_stimulus import awkward_sizes, random_job
from sim.stalls import StallPattern
from sim.testbench import Testbench


def _build(**sizes: Any) -> Any:
    return GemmAxis(engine_config(**sizes))


TESTBENCH = Testbench(
    build=_build,
    everyday=[{"rows": 2, "cols": 3, "depth": 8}],
    long=[
        {"rows": 8, "cols": 8, "depth": 32},
        {"rows": 16, "cols": 16, "depth": 32},
        {"rows": 12, "cols": 4, "depth": 16, "multiplier": "ecp5"},
    ],
)


@cocotb.test()
@cocotb.parametrize(pattern=[StallPattern.NEVER, StallPattern.RANDOM])
async def awkward_sizes_with_packets(dut: Any, pattern: StallPattern) -> None:
    """Sizes of 1, not a multiple, just over; every pass that drains is a packet."""
    config, random = engine_config(**parameters()), generator("axi")
    jobs = [random_job(random, config, size) for size in awkward_sizes(config)]
    await clock.start(dut)
    stalls = dict.fromkeys(Stream, pattern)
    feed = Feed(dut, AXI, jobs, stalls)
    feed.start()
    await feed.finish()
    check_packet_ends(AXI[Stream.OUTPUT], feed.output.packet_ends, feed.expected_packet_ends)
    used = config.cols * config.output.bits
    assert not any(beat >> used for beat in feed.output.beats), "bits that pad tdata are not 0"
