"""AXI4-Lite window: the registers, as cocotbext-axi's manager sees them."""

from typing import Any

import cocotb
from cocotb.triggers import Combine
from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiResp

from hw.axi_lite_window import AxiLiteWindow
from hw.host_port import HostMemory
from sim import clock
from sim.axi import pauses
from sim.core_model import CoreModel
from sim.environment import generator, parameters
from sim.stalls import StallPattern
from sim.testbench import Testbench

TESTBENCH = Testbench(
    build=AxiLiteWindow, everyday=[{"address_bits": 12}], long=[{"address_bits": 32}]
)

_WORDS = 48
_PATTERNS = ["NEVER", "ALTERNATE", "RANDOM", "BURSTS"]


async def _start(
    dut: Any, channels: str = "NEVER", core: str = "NEVER"
) -> tuple[AxiLiteMaster, CoreModel]:
    await clock.start(dut)
    pattern = StallPattern[core]
    model = CoreModel(dut, requests=pattern, replies=pattern, words=_WORDS)
    master = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axil"), dut.clk, dut.rst)
    for number, channel in enumerate(
        (
            master.write_if.aw_channel,
            master.write_if.w_channel,
            master.write_if.b_channel,
            master.read_if.ar_channel,
            master.read_if.r_channel,
        )
    ):
        channel.set_pause_generator(pauses(StallPattern[channels], number))
    return master, model


@cocotb.test()
@cocotb.parametrize(channels=_PATTERNS, core=_PATTERNS)
async def written_registers_are_read(dut: Any, channels: str, core: str) -> None:
    """Words one by one and in rows, with pauses on every channel."""
    master, model = await _start(dut, channels, core)
    random = generator("registers", channels, core)
    for _ in range(12):
        count = int(random.integers(1, 6))
        start = int(random.integers(_WORDS - count))
        data = random.integers(1 << 32, size=count).tolist()
        written = b"".join(word.to_bytes(4, "little") for word in data)
        assert (await master.write(4 * start, written)).resp == AxiResp.OKAY
        assert [model.memory[HostMemory.REGISTER, start + n] for n in range(count)] == data
        read = await master.read(4 * start, len(written))
        assert (read.resp, read.data) == (AxiResp.OKAY, written)


@cocotb.test()
async def what_is_refused_is_an_error(dut: Any) -> None:
    """SLVERR, both ways; the next transfer is as ever."""
    master, model = await _start(dut)
    for address in (4 * _WORDS, (1 << parameters()["address_bits"]) - 4):
        assert (await master.write(address, bytes(4))).resp == AxiResp.SLVERR
        assert (await master.read(address, 4)).resp == AxiResp.SLVERR
    assert model.writes == []
    assert (await master.write(0, b"\x01\x02\x03\x04")).resp == AxiResp.OKAY
    assert (await master.read(0, 4)).data == b"\x01\x02\x03\x04"


@cocotb.test()
async def parts_of_words_are_not_written(dut: Any) -> None:
    """SLVERR, and the core is not asked."""
    master, model = await _start(dut)
    for address, size in ((0, 1), (0, 3), (1, 3), (2, 2), (3, 1)):
        assert (await master.write(address, bytes(size))).resp == AxiResp.SLVERR
    assert model.writes == []
    assert (await master.write(8, bytes(4))).resp == AxiResp.OKAY


@cocotb.test()
@cocotb.parametrize(channels=["NEVER", "RANDOM"])
async def reads_and_writes_at_once(dut: Any, channels: str) -> None:
    """Neither waits for the end of the other."""
    master, model = await _start(dut, channels)
    model.memory |= {(HostMemory.REGISTER, n): 7 * n for n in range(_WORDS)}

    async def read() -> None:
        for number in range(24, 48):
            assert int.from_bytes((await master.read(4 * number, 4)).data, "little") == 7 * number

    async def write() -> None:
        for number in range(24):
            await master.write(4 * number, bytes([number, 0, 0, 0]))

    tasks = [cocotb.start_soon(read()), cocotb.start_soon(write())]
    await Combine(*tasks)
    assert [model.memory[HostMemory.REGISTER, n] for n in range(24)] == list(range(24))


@cocotb.test()
async def a_read_comes_between_writes(dut: Any) -> None:
    """However many of them wait."""
    master, model = await _start(dut)
    events = [master.init_write(0, bytes(4)) for _ in range(20)]
    await events[3].wait()
    await master.read(4, 4)
    assert len(model.writes) < 10, f"{len(model.writes)} writes came first"
    await events[-1].wait()
