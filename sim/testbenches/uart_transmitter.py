"""UART transmitter: every byte, each bit as long as the divisor says."""

from typing import Any

import cocotb

from hw.uart_transmitter import UartTransmitter
from sim import clock
from sim.environment import generator, parameters
from sim.stalls import StallPattern
from sim.streams import StreamDriver
from sim.testbench import Testbench

TESTBENCH = Testbench(
    build=UartTransmitter,
    everyday=[{"divisor": 4}],
    long=[{"divisor": 5}, {"divisor": 868}],
)


async def _line(dut: Any, cycles: int) -> list[int]:
    """Return what the line is in so many cycles."""
    levels = []
    for _ in range(cycles):
        await clock.edge(dut)
        levels.append(int(dut.o_line.value))
    return levels


def _frame(byte: int, divisor: int) -> list[int]:
    bits = [0, *(byte >> n & 1 for n in range(8)), 1]
    return [bit for bit in bits for _ in range(divisor)]


@cocotb.test()
async def every_byte_back_to_back(dut: Any) -> None:
    """Ten bits a byte, and not a cycle between bytes."""
    divisor = parameters()["divisor"]
    await clock.start(dut)
    data = generator("bytes").permutation(256).tolist()[: 256 if divisor < 64 else 8]
    expected = [level for byte in data for level in _frame(byte, divisor)]
    StreamDriver(dut, "i").start(data)
    levels = await _line(dut, len(expected) + 20)
    start = levels.index(0)
    assert levels[start : start + len(expected)] == expected
    assert all(levels[start + len(expected) :]), "the line is not left high"


@cocotb.test()
async def bytes_with_pauses(dut: Any) -> None:
    """The line stays high between bytes that come late."""
    divisor = parameters()["divisor"]
    await clock.start(dut)
    data = [0x00, 0xFF, 0xA5]
    StreamDriver(dut, "i", stalls=StallPattern.LONG).start(data)
    levels = await _line(dut, len(data) * (10 * divisor + 100))
    for byte in data:
        start = levels.index(0)
        assert levels[start : start + 10 * divisor] == _frame(byte, divisor)
        levels = levels[start + 10 * divisor :]
    assert all(levels)
