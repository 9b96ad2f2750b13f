"""A job through the pins of a TinyTapeout project."""

from collections.abc import Iterator
from typing import Any

import cocotb
from cocotb.triggers import RisingEdge

from hw.tinytapeout import TinyTapeout
from sim import clock
from sim.engine_parameters import engine_config
from sim.environment import generator, parameters
from sim.gemm_job import GemmJob
from sim.gemm_stimulus import awkward_sizes, random_job
from sim.lanes import pack
from sim.testbench import Testbench

_SMALL = {"rows": 2, "cols": 2, "depth": 4, "lanes": 1, "schemes": ["SHIFT"]}
_WITHIN = 4000
"""Cycles for any of the jobs here."""


def _build(**sizes: Any) -> Any:
    return TinyTapeout(engine_config(**sizes))


TESTBENCH = Testbench(
    build=_build,
    everyday=[_SMALL],
    long=[{"rows": 1, "cols": 3, "depth": 2}],
)


def _bytes_in(job: GemmJob, sizes: dict[str, int]) -> Iterator[tuple[int, int]]:
    """The number of a stream and a byte of it, in an order that cannot get stuck."""
    streams, config = job.streams(), job.config
    beats = {
        "pass": iter(streams.passes),
        "weight": iter(streams.weights),
        "activation": iter(streams.activations),
        "parameter": iter(streams.parameters),
    }
    for step in job.passes:
        counts = {"pass": 1, "weight": config.rows, "parameter": config.cols * step.drain}
        for name, count in {**counts, "activation": step.count}.items():
            for _ in range(count):
                for byte in next(beats[name]).to_bytes(sizes[name], "little"):
                    yield TinyTapeout.STREAMS.index(name), byte


async def _exchange(dut: Any, job: GemmJob, *, lazy: bool) -> tuple[list[int], list[int]]:
    """Send a job and take its results: their bytes, and after how many of them a pass ended."""
    design = TinyTapeout(job.config)
    sizes = {name: design.beat_bytes(name) for name in TinyTapeout.STREAMS}
    random, edge = generator("pins"), RisingEdge(dut.clk)
    left, offered = _bytes_in(job, sizes), None
    taken: list[int] = []
    ends: list[int] = []
    for _ in range(_WITHIN):
        if offered is None and not (lazy and random.random() < 0.5):
            offered = next(left, None)
        accepts = not lazy or random.random() < 0.5
        stream, byte = offered or (0, 0xA5)
        dut.ui_in.value = byte
        dut.uio_in.value = accepts << 5 | (offered is not None) << 2 | stream
        await edge
        status = int(dut.uio_out.value)
        if status >> 3 & 1:
            offered = None
        if accepts and status >> 4 & 1:
            taken.append(int(dut.uo_out.value))
            if status >> 6 & 1:
                ends.append(len(taken))
        if len(taken) == job.output_beats * job.config.cols:
            return taken, ends
    raise AssertionError(f"{len(taken)} bytes of results came in {_WITHIN} cycles")


@cocotb.test()
@cocotb.parametrize(lazy=[False, True])
async def jobs_through_the_pins(dut: Any, lazy: bool) -> None:
    """Awkward sizes give golden's results, byte by byte, whoever waits."""
    config, random = engine_config(**parameters()), generator("jobs")
    await clock.start(dut)
    dut.ena.value = 1
    dut.rst_n.value = 1
    for _ in range(4):
        await RisingEdge(dut.clk)
    assert int(dut.uio_oe.value) == TinyTapeout.DIRECTIONS
    for size in awkward_sizes(config):
        job = random_job(random, config, size)
        taken, ends = await _exchange(dut, job, lazy=lazy)
        rows = [taken[i : i + config.cols] for i in range(0, len(taken), config.cols)]
        outputs = job.collect([pack(row, 8) for row in rows])
        assert (outputs == job.golden()).all(), (size, outputs, job.golden())
        last_rows = [end * config.cols for end in job.packet_ends]
        assert ends == [end - config.cols + k + 1 for end in last_rows for k in range(config.cols)]
