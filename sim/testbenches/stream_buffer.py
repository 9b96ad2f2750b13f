"""Stream buffer and queue: every beat once, in order, one a cycle if nobody stalls."""

from typing import Any

import cocotb
import numpy as np
from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.stock import Stock
from hw.stream_buffer import StreamBuffer
from hw.stream_queue import StreamQueue
from sim import clock
from sim.environment import generator, parameters
from sim.lanes import pack
from sim.scoreboard import Scoreboard
from sim.stalls import StallPattern
from sim.stimulus import Integers, weighted
from sim.streams import StreamDriver, StreamMonitor
from sim.testbench import Testbench

_OPTIONS: tuple[dict[str, Any], ...] = ({}, {"in_memory": True}, {"at_output": True})


class _Queue(wiring.Component):  # type: ignore[misc]
    """A queue whose sender takes care that there is room, for every beat that can wait."""

    def __init__(self, bits: int, *, depth: int) -> None:
        self._depth = depth
        self._queue = StreamQueue(bits, depth=depth)
        super().__init__({"i": In(stream.Signature(bits)), "o": Out(stream.Signature(bits))})

    def elaborate(self, platform: Any) -> Module:
        """Count what is in the queue."""
        m = Module()
        m.submodules.queue = queue = self._queue
        most = self._depth - 1
        m.submodules.room = room = Stock(limit=most, init=most)
        wiring.connect(m, queue.o, wiring.flipped(self.o))
        m.d.comb += [
            self.i.ready.eq(room.o_some),
            queue.i.payload.eq(self.i.payload),
            queue.i.valid.eq(self.i.valid & room.o_some),
            room.i_take.eq(queue.i.valid & queue.i.ready),
            room.i_put.eq(queue.o.valid & queue.o.ready),
        ]
        return m


def _build(*, bits: int, queue: int = 0, **options: bool) -> Any:
    """Make a buffer, or a queue of a depth."""
    return _Queue(bits, depth=queue) if queue else StreamBuffer(bits, **options)


TESTBENCH = Testbench(
    build=_build,
    everyday=[*({"bits": 8, **options} for options in _OPTIONS), {"bits": 8, "queue": 8}],
    long=[
        *({"bits": bits, **options} for options in _OPTIONS for bits in (1, 96)),
        {"bits": 1, "queue": 32},
        {"bits": 96, "queue": 16},
    ],
)


def _draw(key: str) -> Integers:
    return weighted(generator(key), (200, 1), bits=min(parameters()["bits"], 62))


async def _pass_on(
    dut: Any, rows: Integers, source: StallPattern, sink: StallPattern
) -> tuple[StreamDriver, StreamMonitor]:
    bits = parameters()["bits"]
    board = Scoreboard("o", rows, bits=bits)
    monitor = StreamMonitor(dut, "o", stalls=sink, check=board.check)
    driver = StreamDriver(dut, "i", stalls=source)
    driver.start([pack(row, bits) for row in rows])
    await monitor.receive(len(rows), within=20 * len(rows))
    monitor.stop()
    return driver, monitor


@cocotb.test()
@cocotb.parametrize(
    source=StallPattern.of_sources(),
    sink=list(StallPattern),
)
async def nothing_is_lost(dut: Any, source: StallPattern, sink: StallPattern) -> None:
    """Every pattern of one side against every pattern of the other."""
    await clock.start(dut)
    await _pass_on(dut, _draw(source.name + sink.name), source, sink)


@cocotb.test()
async def latency_and_throughput(dut: Any) -> None:
    """Without stalls every beat comes out `LATENCY` cycles later, one a cycle."""
    await clock.start(dut)
    driver, monitor = await _pass_on(dut, _draw("latency"), StallPattern.NEVER, StallPattern.NEVER)
    late = np.subtract(monitor.cycles, driver.cycles)
    latency = (StreamQueue if parameters().get("queue") else StreamBuffer).LATENCY
    assert (late[3:] == latency).all(), f"latencies {late}"
    assert (np.diff(monitor.cycles)[3:] == 1).all(), f"cycles {monitor.cycles}"


@cocotb.test()
async def reset_empties_it(dut: Any) -> None:
    """Beats that wait inside are gone after a reset, and the next ones come in order."""
    bits = parameters()["bits"]
    await clock.start(dut)
    for _ in range(3):
        driver = StreamDriver(dut, "i")
        task = driver.start([1, 0, 1])
        for _ in range(5):
            await clock.edge(dut)
        task.cancel()
        driver.stop()
        await clock.reset(dut, cycles=1)
        rows = _draw("after")[:20]
        board = Scoreboard("o", rows, bits=bits)
        monitor = StreamMonitor(dut, "o", check=board.check)
        StreamDriver(dut, "i").start([pack(row, bits) for row in rows])
        await monitor.receive(len(rows), within=100)
        monitor.stop()
