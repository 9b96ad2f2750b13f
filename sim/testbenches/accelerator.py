"""Accelerator: programs written by hand, the host port, and the cycles between."""

from typing import Any

import cocotb
import numpy as np

from golden.program import Memories
from hw.accelerator import Accelerator
from hw.accelerator_config import AcceleratorConfig
from hw.accumulator_bank import AccumulatorBank
from hw.gemm_engine import GemmEngine
from hw.host_port import HOST_REQUEST, HostMemory
from hw.identification import identification
from hw.register_map import MAGIC, REGISTERS, VERSION, State
from sim import clock
from sim.accelerator_bench import DONE, HostDriver, words_of
from sim.accelerator_parameters import accelerator_config
from sim.environment import generator, parameters
from sim.layer_by_hand import Layer, fully_connected_word, matmul_word
from sim.program_draws import HALT
from sim.stimulus import weighted
from sim.streams import StreamDriver, StreamMonitor
from sim.tapped_accelerator import TappedAccelerator, Taps
from sim.testbench import Testbench


def _build(**sizes: Any) -> Any:
    return TappedAccelerator(accelerator_config(**sizes))


TESTBENCH = Testbench(
    build=_build,
    everyday=[
        {
            "rows": 4,
            "cols": 3,
            "depth": 64,
            "activation_bytes": 1024,
            "weight_words": 256,
            "parameter_words": 24,
            "program_words": 512,
        }
    ],
    long=[
        {"rows": 8, "cols": 8, "activation_bytes": 8192, "weight_words": 1024},
        {"rows": 8, "cols": 5, "group": 2, "depth": 64, "activation_bytes": 2048},
    ],
)


async def _run(dut: Any, config: AcceleratorConfig, memories: Memories, program: list[int]) -> Any:
    """Load, run to the end and return the host's driver."""
    await clock.start(dut)
    host = HostDriver(dut)
    await host.load(config, memories, program)
    await host.start()
    assert await host.finish(within=20_000) == DONE
    return host


@cocotb.test()
async def fully_connected(dut: Any) -> None:
    """Several tiles both ways, the last ones partly used."""
    config = accelerator_config(**parameters())
    m, k, n = 5, 2 * config.engine.rows + 3, config.engine.cols + 2
    layer = Layer(config, "fully connected", k, n)
    inputs = weighted(generator("inputs"), (m, k)).astype(np.int8)
    output = m * k + 1
    program = [fully_connected_word(layer, m, k, output), HALT]
    host = await _run(dut, config, layer.memories(inputs), program)
    memory = await host.read_bytes(config.activation_bytes)
    expected = layer.golden(inputs)
    assert (memory[output : output + m * n].reshape(m, n) == expected).all()
    assert (memory[: m * k].reshape(m, k) == inputs).all(), "the inputs changed"
    assert not memory[output + m * n :].any(), "bytes behind the outputs changed"


@cocotb.test()
@cocotb.parametrize(dilation=[1, 2], stride=[1, 2])
async def convolution(dut: Any, dilation: int, stride: int) -> None:
    """Three by three, padded; without dilation kernel columns are neighbouring bytes."""
    config = accelerator_config(**parameters())
    rows, zero_point = config.engine.rows, 7
    height, width, channels, n = 5, 4, 3, config.engine.cols + 1
    layer = Layer(config, f"convolution {dilation} {stride}", 9 * channels, n)
    image = weighted(generator("image"), (height, width, channels)).astype(np.int8)
    size = [(length - 1) // stride + 1 for length in (height, width)]
    packed = dilation == 1
    run = channels * (3 if packed else 1)
    output = image.size + 3
    instruction = matmul_word(
        **layer.fields(),
        rows_y=size[0],
        rows_x=size[1],
        step_y=stride,
        step_x=stride * channels,
        step_ky=dilation,
        step_kx=dilation * channels,
        y_start=-dilation,
        x_start=-dilation * channels,
        steps_ky=3,
        steps_kx=1 if packed else 3,
        steps_kc=-(-run // rows),
        step_kc=rows,
        image_rows=height,
        row_bytes=width * channels,
        padding=zero_point,
        output_address=output,
        output_pitch_y=size[1] * n,
    )
    memories = layer.memories(image, groups=3 if packed else 9)
    host = await _run(dut, config, memories, [instruction, HALT])
    memory = await host.read_bytes(config.activation_bytes)
    padded = np.pad(image, ((dilation,) * 2, (dilation,) * 2, (0, 0)), constant_values=zero_point)
    taps = [
        padded[ky * dilation :, kx * dilation :][:height:stride, :width:stride]
        for ky in range(3)
        for kx in range(3)
    ]
    expected = layer.golden(np.concatenate(taps, axis=2).reshape(-1, 9 * channels))
    assert (memory[output : output + expected.size].reshape(expected.shape) == expected).all()


@cocotb.test()
async def identification_and_states(dut: Any) -> None:
    """Registers say what was built; a running accelerator refuses all but their reading."""
    config = accelerator_config(**parameters())
    await clock.start(dut)
    host = HostDriver(dut)
    registers = await host.registers()
    for name, value in identification(config).items():
        assert registers[name] == value, name
    assert registers["state"] is State.IDLE
    layer = Layer(config, "states", 3, 1)
    memories = layer.memories(np.ones((60, 3), np.int8))
    await host.load(config, memories, [fully_connected_word(layer, 60, 3, 200)] * 4 + [HALT])
    run = {"memory": HostMemory.REGISTER, "write": 1, "address": 9, "data": 0}
    others = [
        {"memory": memory, "write": write, "address": 0, "data": 1}
        for memory in list(HostMemory)[:4]
        for write in (0, 1)
    ]
    replies = await host.ask([run, *others, run, run | {"address": 0}, run | {"write": 0}])
    assert [refused for _, refused in replies] == [False, *[True] * 10, False]
    assert (await host.registers())["state"] is State.RUNNING
    assert await host.finish(within=2000) == DONE
    assert (await host.registers())["state"] is State.DONE
    assert (await host.read(HostMemory.ACTIVATION, 1)) == [0x01010101]


@cocotb.test()
async def host_reads_what_it_wrote(dut: Any) -> None:
    """All of every memory, in one order and another; what is behind it is refused."""
    config = accelerator_config(**parameters())
    sizes = Accelerator(config).host_access.sizes
    widths = {
        HostMemory.WEIGHT: config.weight_row.size,
        HostMemory.PARAMETER: config.parameter_word.width,
    }
    await clock.start(dut)
    host = HostDriver(dut)
    for memory in list(HostMemory)[:4]:
        random, size = generator(memory.name), sizes[memory]
        words = random.integers(0, 1 << 32, size).tolist()
        await host.write(memory, words)
        first = await host.read(memory, size)
        bits = widths.get(memory, 32)  # those of a word that padding follows
        lanes, stride = -(-bits // 32), len(words_of([0], bits))
        assert first == [word * (n % stride < lanes) for n, word in enumerate(words)]
        order = random.permutation(size).tolist()
        request = {"memory": memory, "write": 0, "data": 0}
        replies = await host.ask(request | {"address": n} for n in order)
        assert replies == [(first[n], False) for n in order]
        for write in (0, 1):
            beyond = [size, size + 1, 2 * size, 1 << 31, (1 << 32) - 1]
            replies = await host.ask(
                {"memory": memory, "write": write, "address": n, "data": 0} for n in beyond
            )
            assert replies == [(0, True)] * len(beyond)
        assert await host.read(memory, size) == first


@cocotb.test()
async def host_gets_a_reply_a_cycle(dut: Any) -> None:
    """A reply comes `latency` cycles after its request, reads and writes mixed.

    Reads of registers, counters apart, have a latency of their own.
    """
    config = accelerator_config(**parameters())
    access = Accelerator(config).host_access
    random = generator("host")
    memories = [
        {"memory": list(HostMemory)[n % 4], "write": int(random.random() < 0.5)}
        | {"address": n % 8, "data": n}
        for n in range(100)
    ]
    registers = [
        {"memory": HostMemory.REGISTER, "write": 0, "address": n, "data": 0} for n in range(12)
    ]
    await clock.start(dut)
    monitor = StreamMonitor(dut, "host__reply")
    driver = StreamDriver(dut, "host__request")
    await clock.edge(dut)
    before = 0
    for requests, latency in ((memories, access.latency), (registers, access.REGISTER_LATENCY)):
        driver.start(HOST_REQUEST.const(request).as_bits() for request in requests)
        await monitor.receive(before + len(requests), within=300)
        cycles = driver.cycles[before:]
        assert (np.diff(cycles) == 1).all()
        assert (np.subtract(monitor.cycles[before:], cycles) == latency).all()
        before += len(requests)


@cocotb.test()
async def replies_are_in_the_order_of_the_requests(dut: Any) -> None:
    """Registers, counters and memories mixed at random, and registers that there are not."""
    await clock.start(dut)
    host, random = HostDriver(dut), generator("order")
    values = {}
    for memory in list(HostMemory)[:4]:
        await host.write(memory, random.integers(1, 1 << 32, 8).tolist())
        values[memory] = await host.read(memory, 8)
    values[HostMemory.REGISTER] = await host.read(HostMemory.REGISTER, REGISTERS.words)
    assert values[HostMemory.REGISTER][:2] == [MAGIC, VERSION]
    assert not any(values[HostMemory.REGISTER][REGISTERS["largest"].word + 1 :])
    requests = []
    for _ in range(300):
        memory = HostMemory(int(random.integers(5)))
        address = int(random.integers(len(values[memory]) + (memory is HostMemory.REGISTER)))
        requests.append({"memory": memory, "write": 0, "address": address, "data": 0})
    expected = [[*values[r["memory"]], 0][r["address"]] for r in requests]
    replies = await host.ask(requests)
    assert [data for data, _ in replies] == expected
    refused = [refused for _, refused in replies]
    assert refused == [request["address"] == REGISTERS.words for request in requests]


@cocotb.test()
async def counters_are_read_right_behind_registers(dut: Any) -> None:
    """A counter waits for its own turn, whichever one comes by when its request arrives.

    What only ends like a counter's address is refused.
    """
    config = accelerator_config(**parameters())
    m, k = 5, 2 * config.engine.rows
    layer = Layer(config, "counters", k, 2 * config.engine.cols)
    inputs = weighted(generator("counted"), (m, k)).astype(np.int8)
    program = [fully_connected_word(layer, m, k, inputs.size), HALT]
    host = await _run(dut, config, layer.memories(inputs), program)
    values = await host.read(HostMemory.REGISTER, REGISTERS.words)
    counters = [REGISTERS[name].word for name in ("cycles", "passes", "largest")]
    assert len({values[n] for n in counters} - {0}) == len(counters)
    addresses = [
        n for counter in counters for register in range(counters[0]) for n in (register, counter)
    ]
    replies = await host.ask(
        {"memory": HostMemory.REGISTER, "write": 0, "address": n, "data": 0} for n in addresses
    )
    assert replies == [(values[n], False) for n in addresses]
    beyond = [first | n for first in (REGISTERS.words, 1 << 31) for n in counters]
    replies = await host.ask(
        {"memory": HostMemory.REGISTER, "write": 0, "address": n, "data": 0} for n in beyond
    )
    assert replies == [(0, True)] * len(beyond)


@cocotb.test()
async def overhead_of_a_product_is_the_latency(dut: Any) -> None:
    """From the first activation to the last output: rows of all passes, and the pipeline.

    A pass with fewer rows than the array waits for weights, but not longer than they take.
    """
    config = accelerator_config(**parameters())
    rows, cols = config.engine.rows, config.engine.cols
    latency = GemmEngine(config.engine).latency
    await clock.start(dut)
    host, taps = HostDriver(dut), Taps(dut)
    for m in sorted({1, 4, rows - 1, rows, rows + 1, 2 * rows}):
        for k_tiles, n_tiles in ((1, 1), (3, 2)):
            k, n = k_tiles * rows, n_tiles * cols
            layer = Layer(config, f"overhead {m} {k_tiles}", k, n)
            inputs = np.ones((m, k), np.int8)
            program = [fully_connected_word(layer, m, k, inputs.size), HALT]
            await host.load(config, layer.memories(inputs), program)
            taps.clear()
            await host.start()
            assert await host.finish(within=2000) == DONE
            # What comes before the first row of a pass that sets, and of one that adds.
            sets = max(m, rows)
            adds = max(sets, AccumulatorBank.RECURRENCE)
            streamed = (n_tiles - 1) * sets + n_tiles * (k_tiles - 1) * adds + m
            overhead = taps.written[-1] - taps.taken[0] + 1 - streamed
            assert overhead == latency, f"{m} rows, {k_tiles} by {n_tiles} tiles"
            if (rows, cols) == (8, 8):
                assert overhead <= 40


@cocotb.test()
async def instructions_follow_without_a_bubble(dut: Any) -> None:
    """Instructions of a single pass, none longer than it takes to load a tile."""
    config = accelerator_config(**parameters())
    rows, cols = config.engine.rows, config.engine.cols
    m, count = max(rows, cols, AccumulatorBank.RECURRENCE), config.instructions - 1
    layer = Layer(config, "bubbles", rows, cols)
    inputs = weighted(generator("bubbles"), (m, rows)).astype(np.int8)
    instruction = fully_connected_word(layer, m, rows, inputs.size)
    await clock.start(dut)
    host, taps = HostDriver(dut), Taps(dut)
    await host.load(config, layer.memories(inputs), [instruction] * count + [HALT])
    await host.start()
    assert await host.finish(within=200 * count) == DONE
    steps = np.diff(taps.taken)
    # While the first tile is loaded, rows wait in the buffers before the array.
    assert (steps[2:] == 1).all(), f"a bubble after rows {np.flatnonzero(steps != 1)}"
    assert len(taps.taken) == count * m
