"""The host driver on simulated hardware: what test_host_on_hardware.py runs in a simulator."""

import cocotb
import numpy as np
import pytest
from cocotb.task import bridge

from flow.host import Host
from flow.host_errors import ProgramStoppedError, RefusedError
from hw.host_port import HostMemory
from hw.instruction import INSTRUCTION, Opcode
from hw.register_map import State
from sim import clock
from sim.accelerator_parameters import accelerator_config
from sim.axi import AxiStreamLine
from sim.byte_faults import ByteFaults
from sim.carrier import SimulatedCarrier
from sim.core_model import CoreModel
from sim.environment import generator, parameters
from sim.stalls import StallPattern
from sim.uart_model import UartModel

CYCLE = clock.CLOCK_PERIOD_NS * 1e-9


async def started(dut):
    if hasattr(dut, "i_rx"):
        dut.i_rx.value = 1
    await clock.start(dut)
    if hasattr(dut, "i_rx"):
        dut.i_rx.value = 1


def serial(dut, faults=None):
    return SimulatedCarrier(
        UartModel(dut, "i_rx", "o_tx", divisor=parameters()["divisor"], faults=faults)
    )


@cocotb.test()
async def a_bad_line_loses_nothing(dut):
    """Bytes lost, repeated and changed both ways: every write and run is done once, in order."""
    await started(dut)
    core, random, requests = CoreModel(dut), generator("bad line"), parameters()["requests"]
    faults = ByteFaults(generator("faults"), lose=0.004, repeat=0.004, change=0.004)
    carrier = serial(dut, faults)
    timeout = CYCLE * (2 * parameters()["gap"] + 100 * 10 * parameters()["divisor"])

    def talk():
        host = Host(carrier, timeout=timeout, attempts=60, packet_words=8)
        expected, writes = np.zeros(64, np.uint32), []
        for number in range(requests):
            words = random.integers(1 << 32, size=int(random.integers(1, 9)), dtype=np.uint32)
            start = int(random.integers(56))
            host.write(HostMemory.ACTIVATION, start, words)
            host.run(number)
            expected[start : start + len(words)] = words
            writes += [(HostMemory.ACTIVATION, start + n, w) for n, w in enumerate(words.tolist())]
        np.testing.assert_array_equal(host.read(HostMemory.ACTIVATION, 0, 64), expected)
        return host, writes

    host, writes = await bridge(talk)()
    done = [write for write in core.writes if write[0] is HostMemory.ACTIVATION]
    assert done == writes, "a write was done twice, or not, or out of order"
    assert core.runs == list(range(requests))
    dut._log.info(f"{faults.count} faults, {host.link.repeated} requests sent again")
    assert faults.count > requests // 2
    assert host.link.repeated > requests // 10


async def accelerator(dut, carrier, *, timeout):
    """The whole driver on the whole accelerator."""
    config = accelerator_config(**parameters()["config"])
    random = generator("accelerator")

    def talk():
        host = Host(carrier, timeout=timeout)
        host.check(config)
        assert host.status().state is State.IDLE
        for memory, words in (
            (HostMemory.ACTIVATION, config.activation_bytes // 4),
            (HostMemory.PROGRAM, config.program_words),
        ):
            data = random.integers(1 << 32, size=words, dtype=np.uint32)
            host.write(memory, 0, data)
            np.testing.assert_array_equal(host.read(memory, 0, words), data)
            with pytest.raises(RefusedError):
                host.write(memory, words, [0])

        halt = INSTRUCTION.encode({"opcode": Opcode.HALT})
        program = [halt >> 32 * n & 0xFFFFFFFF for n in range(INSTRUCTION.words)]
        host.write(HostMemory.PROGRAM, 0, [*program, *[0] * INSTRUCTION.words])
        host.run(0)
        assert host.wait(timeout=1000 * timeout).state is State.DONE
        host.run(INSTRUCTION.words)
        with pytest.raises(
            ProgramStoppedError, match=r"^the program stopped at address 16: OPCODE$"
        ):
            host.wait(timeout=1000 * timeout)
        host.run(0)
        assert host.wait(timeout=1000 * timeout).state is State.DONE
        assert host.counters()["passes"] == 0

    await bridge(talk)()


@cocotb.test()
async def accelerator_over_a_serial_line(dut):
    await started(dut)
    await accelerator(dut, serial(dut), timeout=100_000 * CYCLE)


@cocotb.test()
async def accelerator_over_axi(dut):
    await started(dut)
    line = AxiStreamLine(dut, source=StallPattern.RANDOM, sink=StallPattern.BURSTS)
    await accelerator(dut, SimulatedCarrier(line), timeout=10_000 * CYCLE)
