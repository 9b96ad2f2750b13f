"""UART receiver: every byte, at clocks that differ, and none that is broken."""

from typing import Any

import cocotb
from cocotb.triggers import Timer

from hw.uart_receiver import UartReceiver
from sim import clock
from sim.environment import generator, parameters
from sim.streams import StreamMonitor
from sim.testbench import Testbench
from sim.uart_model import UartModel

TESTBENCH = Testbench(
    build=UartReceiver,
    everyday=[{"divisor": 4}, {"divisor": 16}],
    long=[{"divisor": 5}, {"divisor": 100}],
)

_FINE_DIVISOR = 16
_SLOW_DIVISOR = 64


async def _start(dut: Any, speed: float = 1.0) -> tuple[UartModel, StreamMonitor]:
    dut.i_line.value = 1
    await clock.start(dut)
    dut.i_line.value = 1
    # Not on a clock edge, and not near one.
    await Timer(3, "ns")
    model = UartModel(dut, "i_line", "o__valid", divisor=parameters()["divisor"], speed=speed)
    return model, StreamMonitor(dut, "o")


async def _settle(dut: Any) -> None:
    for _ in range(12 * parameters()["divisor"]):
        await clock.edge(dut)


@cocotb.test()
@cocotb.parametrize(percent=[-4, -1, 0, 1, 4])
async def every_byte_back_to_back(dut: Any, percent: int) -> None:
    """Every value; with a clock of another speed where a bit has enough cycles for that."""
    if percent and parameters()["divisor"] < _FINE_DIVISOR:
        return
    model, monitor = await _start(dut, 1 + percent / 100)
    count = 256 if parameters()["divisor"] < _SLOW_DIVISOR else 16
    data = generator("bytes").permutation(256)[:count].tolist()
    await model.send(bytes(data))
    await _settle(dut)
    assert monitor.beats == data


@cocotb.test()
async def bytes_with_pauses(dut: Any) -> None:
    """A byte may begin at any time."""
    model, monitor = await _start(dut)
    random = generator("pauses")
    data = random.integers(256, size=40).tolist()
    for byte in data:
        await model.send(bytes([byte]))
        await Timer(int(random.integers(1, 100)), "ns")
    await _settle(dut)
    assert monitor.beats == data


@cocotb.test()
async def broken_bytes_are_dropped(dut: Any) -> None:
    """Without a stop bit, a line that stays low, and a line that is low for an instant."""
    model, monitor = await _start(dut)
    await model.send_bits([0, 1, 0, 1, 0, 1, 0, 1, 0, 0])
    await model.send_bits([1, 1])
    await model.send(b"\x5a")
    await model.send_bits([0] * 30 + [1, 1])
    await model.send(b"\xa5")
    for _ in range(5):
        dut.i_line.value = 0
        await Timer(clock.CLOCK_PERIOD_NS, "ns")
        dut.i_line.value = 1
        await _settle(dut)
    await model.send(b"\x00\xff")
    await _settle(dut)
    assert bytes(monitor.beats) == b"\x5a\xa5\x00\xff"
