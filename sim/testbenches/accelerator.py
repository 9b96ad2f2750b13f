"""Accelerator: programs written by hand, the host port, and the cycles between."""

from typing import Any

import cocotb
import numpy as np
import numpy.typing as npt
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from golden.channel_parameters import channel_parameters
from golden.gemm import matmul
from golden.program import Memories
from golden.program_error import ProgramError
from golden.requantize import Requantization, requantize
from golden.scheme import Scheme
from golden.tiling import tile_weights
from hw.accelerator import Accelerator
from hw.accelerator_config import AcceleratorConfig
from hw.accumulator_bank import AccumulatorBank
from hw.gemm_engine import GemmEngine
from hw.host_port import HostMemory, HostPort
from hw.identification import identification
from hw.instruction import INSTRUCTION, AccumulateOperation, Opcode
from hw.register_map import State
from sim import clock
from sim.accelerator_bench import HostDriver, Outcome
from sim.accelerator_parameters import accelerator_config
from sim.environment import generator, parameters
from sim.stimulus import weighted
from sim.testbench import Testbench

DONE = Outcome(ProgramError.NONE, 0)
HALT = INSTRUCTION.encode({"opcode": Opcode.HALT})
Int8Array = npt.NDArray[np.int8]


class _Tapped(wiring.Component):  # type: ignore[misc]
    """The accelerator, with a look at when activations are taken and outputs written."""

    def __init__(self, config: AcceleratorConfig) -> None:
        self.core = Accelerator(config)
        super().__init__({"host": In(HostPort()), "o_taken": Out(1), "o_written": Out(1)})

    def elaborate(self, platform: Any) -> Any:
        m = Module()
        m.submodules.core = core = self.core
        row = core.datapath.engine.i_activation
        wiring.connect(m, wiring.flipped(self.host), core.host)
        m.d.comb += [
            self.o_taken.eq(row.valid & row.ready),
            self.o_written.eq(core.datapath.write_en),
        ]
        return m


class _Taps:
    """The cycles in which activations were taken and outputs written."""

    def __init__(self, dut: Any) -> None:
        self.taken: list[int] = []
        self.written: list[int] = []
        cocotb.start_soon(self._watch(dut))

    def clear(self) -> None:
        """Forget what was seen."""
        self.taken.clear()
        self.written.clear()

    async def _watch(self, dut: Any) -> None:
        edge = clock.edge(dut)
        while True:
            await edge
            if dut.o_taken.value == 1:
                self.taken.append(clock.cycle())
            if dut.o_written.value == 1:
                self.written.append(clock.cycle())


def _build(**sizes: Any) -> Any:
    return _Tapped(accelerator_config(**sizes))


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
            "program_words": 128,
        }
    ],
    long=[
        {"rows": 8, "cols": 8, "activation_bytes": 8192, "weight_words": 1024},
        {"rows": 8, "cols": 5, "group": 2, "depth": 64, "activation_bytes": 2048},
    ],
)


class _Layer:
    """A product with weights (K, N) per output channel, laid out for the array."""

    def __init__(self, config: AcceleratorConfig, key: str, k: int, n: int) -> None:
        random = generator(key)
        self.weights = weighted(random, (k, n)).astype(np.int8)
        self.requantization = Requantization.from_scale(
            Scheme.FIXED,
            2.0 ** random.uniform(-2, 0, n) / (64 * np.sqrt(k)),
            random.integers(-2000, 2000, n),
            zero_point=-5,
        )
        self.config = config
        self.n = n

    def fields(self) -> dict[str, int]:
        """What an instruction says of the output channels."""
        cols = self.config.engine.cols
        tiles = -(-self.n // cols)
        return {
            "tiles_n": tiles,
            "width": cols,
            "last_width": self.n - (tiles - 1) * cols,
            "output_step_n": cols,
            "output_pitch_x": self.n,
        }

    def memories(self, inputs: Int8Array, groups: int = 1) -> Memories:
        """What to load: the reduction axis is `groups` runs, each padded to whole rows."""
        engine, config = self.config.engine, self.config
        runs = [
            tile_weights(part, engine.rows, engine.cols) for part in np.split(self.weights, groups)
        ]
        tiles = np.concatenate(runs, axis=1).reshape(-1, engine.cols)
        weights = np.zeros((config.weight_words, engine.cols), np.int8)
        weights[: len(tiles)] = tiles
        channels = channel_parameters(self.requantization)
        channels += channels[-1:] * (config.parameter_words - len(channels))
        activation = np.zeros(config.activation_bytes, np.int8)
        activation[: inputs.size] = inputs.ravel()
        return Memories(activation, weights, channels)

    def golden(self, rows: Int8Array) -> Int8Array:
        """Return the outputs of rows (M, K)."""
        outputs: Int8Array = requantize(matmul(rows, self.weights), self.requantization)
        return outputs


def _matmul(**fields: Any) -> int:
    common = {
        "opcode": Opcode.MATMUL,
        "first": AccumulateOperation.SET,
        "rest": AccumulateOperation.ADD,
        "drain": 1,
        **dict.fromkeys(("steps_ky", "steps_kx", "steps_kc", "rows_y", "rows_x"), 1),
    }
    return int(INSTRUCTION.encode(common | fields))


def _fully_connected(layer: _Layer, m: int, k: int, output: int) -> int:
    rows = layer.config.engine.rows
    return _matmul(
        **layer.fields(),
        rows_y=m,
        step_y=1,
        image_rows=m,
        row_bytes=k,
        steps_kc=-(-k // rows),
        step_kc=rows,
        output_address=output,
        output_pitch_y=layer.n,
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
    layer = _Layer(config, "fully connected", k, n)
    inputs = weighted(generator("inputs"), (m, k)).astype(np.int8)
    output = m * k + 1
    program = [_fully_connected(layer, m, k, output), HALT]
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
    layer = _Layer(config, f"convolution {dilation} {stride}", 9 * channels, n)
    image = weighted(generator("image"), (height, width, channels)).astype(np.int8)
    size = [(length - 1) // stride + 1 for length in (height, width)]
    packed = dilation == 1
    run = channels * (3 if packed else 1)
    output = image.size + 3
    instruction = _matmul(
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
    layer = _Layer(config, "states", 3, 1)
    memories = layer.memories(np.ones((60, 3), np.int8))
    await host.load(config, memories, [_fully_connected(layer, 60, 3, 200)] * 4 + [HALT])
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
async def overhead_of_a_product_is_the_latency(dut: Any) -> None:
    """From the first activation to the last output: rows of all passes, and the pipeline.

    A pass with fewer rows than the array waits for weights, but not longer than they take.
    """
    config = accelerator_config(**parameters())
    rows, cols = config.engine.rows, config.engine.cols
    latency = GemmEngine(config.engine).latency
    await clock.start(dut)
    host, taps = HostDriver(dut), _Taps(dut)
    for m in sorted({1, 4, rows - 1, rows, rows + 1, 2 * rows}):
        for k_tiles, n_tiles in ((1, 1), (3, 2)):
            k, n = k_tiles * rows, n_tiles * cols
            layer = _Layer(config, f"overhead {m} {k_tiles}", k, n)
            inputs = np.ones((m, k), np.int8)
            program = [_fully_connected(layer, m, k, inputs.size), HALT]
            await host.load(config, layer.memories(inputs), program)
            taps.clear()
            await host.start()
            assert await host.finish(within=2000) == DONE
            longest = max(m, rows, AccumulatorBank.RECURRENCE if k_tiles > 1 else 1)
            overhead = taps.written[-1] - taps.taken[0] + 1 - k_tiles * n_tiles * longest
            assert overhead == latency - (longest - m), f"{m} rows, {k_tiles} by {n_tiles} tiles"
            if (rows, cols) == (8, 8):
                assert overhead <= 40


@cocotb.test()
async def instructions_follow_without_a_bubble(dut: Any) -> None:
    """Instructions of a single pass, none longer than it takes to load a tile."""
    config = accelerator_config(**parameters())
    rows, cols = config.engine.rows, config.engine.cols
    m, count = max(rows, cols, AccumulatorBank.RECURRENCE), config.instructions - 1
    layer = _Layer(config, "bubbles", rows, cols)
    inputs = weighted(generator("bubbles"), (m, rows)).astype(np.int8)
    instruction = _fully_connected(layer, m, rows, inputs.size)
    await clock.start(dut)
    host, taps = HostDriver(dut), _Taps(dut)
    await host.load(config, layer.memories(inputs), [instruction] * count + [HALT])
    await host.start()
    assert await host.finish(within=200 * count) == DONE
    steps = np.diff(taps.taken)
    # While the first tile is loaded, rows wait in the buffers before the array.
    assert (steps[2:] == 1).all(), f"a bubble after rows {np.flatnonzero(steps != 1)}"
    assert len(taps.taken) == count * m
