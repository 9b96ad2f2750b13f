"""The clock and reset of every testbench: `clk` rises every 10 ns, `rst` is synchronous."""

from typing import Any

from cocotb.clock import Clock
from cocotb.simtime import get_sim_time
from cocotb.triggers import RisingEdge, Timer

from sim import environment

__all__ = ["CLOCK_PERIOD_NS", "cycle", "edge", "reset", "start"]

CLOCK_PERIOD_NS = 10


def edge(dut: Any) -> RisingEdge | Timer:
    """Return the trigger of the next clock edge; a component without a clock gets a timer.

    What is read after it is what the flip-flops saw at the edge, and what is written after it
    they see at the next one.
    """
    if hasattr(dut, "clk"):
        return RisingEdge(dut.clk)
    return Timer(CLOCK_PERIOD_NS, "ns")


def cycle() -> int:
    """Return the number of the present clock cycle."""
    return int(get_sim_time("ns")) // CLOCK_PERIOD_NS


async def start(dut: Any) -> None:
    """Drive every input low, start the clock and reset the component."""
    for name in environment.inputs():
        getattr(dut, name).value = 0
    if hasattr(dut, "clk"):
        Clock(dut.clk, CLOCK_PERIOD_NS, "ns").start()
    await reset(dut)


async def reset(dut: Any, cycles: int = 2) -> None:
    """Reset the component for some cycles and return in the first one after them."""
    trigger = edge(dut)
    if hasattr(dut, "rst"):
        dut.rst.value = 1
    for _ in range(cycles):
        await trigger
    if hasattr(dut, "rst"):
        dut.rst.value = 0
