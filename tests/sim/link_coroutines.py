"""What runs in the simulator for test_runner.py and test_streams.py."""

import os
import signal

import cocotb

from sim import clock
from sim.environment import generator, parameters
from sim.scoreboard import Scoreboard
from sim.stalls import StallPattern
from sim.streams import StreamDriver, StreamMonitor

BEATS = [[n % 50] for n in range(60)]


async def send(dut, name, *, fault=0, stalls=StallPattern.RANDOM, prefixes=("i", "o")):
    """Send BEATS through the link with a fault, and check what comes out."""
    board = Scoreboard(name, BEATS, bits=8)
    await clock.start(dut)
    dut.fault.value = fault
    monitor = StreamMonitor(dut, prefixes[1], stalls=stalls, check=board.check)
    StreamDriver(dut, prefixes[0], stalls=stalls).start([beat for (beat,) in BEATS])
    await monitor.receive(len(BEATS), within=1000)
    board.finish()
    return monitor


@cocotb.test()
async def passes(dut):
    await send(dut, "o", fault=parameters().get("fault", 0))


@cocotb.test()
async def only_ports_are_visible(dut):
    assert hasattr(dut, "o__payload")
    assert not hasattr(dut, "hidden")


@cocotb.test()
async def draws(dut):
    await clock.start(dut)
    raise AssertionError(f"drew {generator('draws').integers(1 << 30)}")


@cocotb.test()
async def waits_100_cycles(dut):
    await clock.start(dut)
    for _ in range(100):
        await clock.edge(dut)


@cocotb.test()
async def valid_falls(dut):
    await send(dut, "o", fault=1)


@cocotb.test()
async def payload_changes(dut):
    await send(dut, "o", fault=2)


@cocotb.test()
async def a_beat_is_lost(dut):
    await send(dut, "o", fault=3)


@cocotb.test()
async def a_bit_is_wrong(dut):
    await send(dut, "o", fault=4)


@cocotb.test()
async def payload_is_looked_at_while_not_valid(dut):
    await send(dut, "o", fault=5)


@cocotb.test()
async def nothing_comes(dut):
    await send(dut, "o", fault=6)


@cocotb.test()
async def payload_is_unknown(dut):
    await send(dut, "o", fault=7)


@cocotb.test()
async def packets_end_with_last(dut):
    monitor = await send(dut, "m_axis", prefixes=("s_axis", "m_axis"))
    assert monitor.packet_ends == [len(BEATS)]


@cocotb.test()
async def crashes(dut):
    await clock.start(dut)
    os.kill(os.getpid(), signal.SIGSEGV)


@cocotb.test()
async def hangs(dut):
    await clock.start(dut)
    while True:
        await clock.edge(dut)
