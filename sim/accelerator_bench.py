"""What testbenches of the accelerator share: the host's side, and programs with their results."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from golden.accumulate_operation import AccumulateOperation
from golden.channel_parameters import ChannelParameters
from golden.instruction import IllegalInstructionError, Instruction, Opcode
from golden.program import Counters, Interpreter, Memories
from golden.program_error import ProgramError
from hw.accelerator_config import AcceleratorConfig
from hw.host_port import HOST_REPLY, HOST_REQUEST, HostMemory
from hw.instruction import INSTRUCTION
from hw.parameter_word import Parameters
from hw.register_map import REGISTERS, State
from sim import clock
from sim.instruction_rules import static_error
from sim.lanes import pack
from sim.loop_nest import window_addresses, writes
from sim.stalls import StallPattern
from sim.streams import StreamDriver, StreamMonitor

__all__ = [
    "DONE",
    "HostDriver",
    "Outcome",
    "draw_memories",
    "expected_outcome",
    "instruction_of",
    "words_of",
]

_MASK = (1 << 32) - 1


@dataclass(frozen=True)
class Outcome:
    """How a program ended: the cause and the word of the program memory."""

    error: ProgramError
    address: int


DONE = Outcome(ProgramError.NONE, 0)
"""How a program ends that nothing stops."""


class HostDriver:
    """Sends requests to an accelerator's host port and gives their replies."""

    def __init__(
        self,
        dut: Any,
        *,
        requests: StallPattern = StallPattern.NEVER,
    ) -> None:
        self._dut = dut
        self._driver = StreamDriver(dut, "host__request", stalls=requests)
        self._monitor = StreamMonitor(dut, "host__reply")
        self._asked = 0

    async def ask(self, requests: Iterable[dict[str, Any]]) -> list[tuple[int, bool]]:
        """Return (data, refused) of each request."""
        beats = [HOST_REQUEST.const(request).as_bits() for request in requests]
        self._driver.start(beats)
        first, self._asked = self._asked, self._asked + len(beats)
        seen = await self._monitor.receive(self._asked, within=200 + 80 * len(beats))
        replies = [HOST_REPLY.from_bits(beat) for beat in seen[first : self._asked]]
        return [(int(reply.data), bool(reply.refused)) for reply in replies]

    async def write(self, memory: HostMemory, words: Sequence[int], address: int = 0) -> None:
        """Write 32-bit words."""
        replies = await self.ask(
            {"memory": memory, "write": 1, "address": address + n, "data": word}
            for n, word in enumerate(words)
        )
        refused = [address + n for n, reply in enumerate(replies) if reply != (0, False)]
        assert not refused, f"word {refused[0]} of {memory.name} is refused"

    async def read(self, memory: HostMemory, count: int, address: int = 0) -> list[int]:
        """Return 32-bit words."""
        replies = await self.ask(
            {"memory": memory, "write": 0, "address": address + n, "data": 0} for n in range(count)
        )
        refused = [address + n for n, (_, refused) in enumerate(replies) if refused]
        assert not refused, f"word {refused[0]} of {memory.name} is refused"
        return [data for data, _ in replies]

    async def registers(self) -> dict[str, Any]:
        """Return all registers by name."""
        words = await self.read(HostMemory.REGISTER, REGISTERS.words)
        return dict(REGISTERS.decode(sum(word << 32 * n for n, word in enumerate(words))))

    async def start(self, address: int = 0) -> None:
        """Start a program."""
        await self.write(HostMemory.REGISTER, [address], REGISTERS["run"].word)

    async def finish(self, *, within: int) -> Outcome:
        """Wait until the program ended and return how."""
        end = clock.cycle() + within
        while True:
            registers = await self.registers()
            if registers["state"] is not State.RUNNING:
                break
            assert clock.cycle() < end, f"the program still runs after {within} cycles"
        outcome = Outcome(ProgramError(registers["error"]), registers["error_address"])
        stopped = outcome.error is not ProgramError.NONE
        assert registers["state"] is (State.ERROR if stopped else State.DONE), registers["state"]
        return outcome

    async def load(
        self, config: AcceleratorConfig, memories: Memories, program: Sequence[int]
    ) -> None:
        """Write all memories; the instructions stand at the beginning."""
        weights = [pack(row, config.engine.weight.bits) for row in memories.weights.tolist()]
        lanes = config.engine.cols * config.engine.weight.bits
        await self.write(HostMemory.WEIGHT, words_of(weights, lanes))
        word = config.parameter_word
        encoded = [word.encode(Parameters(**vars(each))) for each in memories.parameters]
        await self.write(HostMemory.PARAMETER, words_of(encoded, word.width))
        await self.write(HostMemory.PROGRAM, words_of(program, 32 * INSTRUCTION.words))
        await self.write_bytes(memories.activation)

    async def write_bytes(self, activation: npt.NDArray[np.int8]) -> None:
        """Write the activation memory."""
        words = np.frombuffer(activation.tobytes(), "<u4").tolist()
        await self.write(HostMemory.ACTIVATION, words)

    async def read_bytes(self, size: int) -> npt.NDArray[np.int8]:
        """Read the activation memory."""
        words = await self.read(HostMemory.ACTIVATION, size // 4)
        return np.frombuffer(np.array(words, "<u4").tobytes(), np.int8)


def words_of(numbers: Iterable[int], bits: int) -> list[int]:
    """Return memory words of so many bits as the host's: padded to a power of two of them."""
    lanes = -(-bits // 32)
    stride = 1 << (lanes - 1).bit_length()
    return [number >> 32 * lane & _MASK for number in numbers for lane in range(stride)]


def instruction_of(word: int) -> Instruction:
    """Return the instruction of a word of the program memory."""
    values = dict(INSTRUCTION.decode(word))
    for name, kind in (
        ("opcode", Opcode),
        ("first", AccumulateOperation),
        ("rest", AccumulateOperation),
    ):
        value = values[name]
        values[name] = kind[value.name] if hasattr(value, "name") else value
    return Instruction(**values)


def expected_outcome(
    config: AcceleratorConfig, memories: Memories, program: Sequence[int], address: int = 0
) -> tuple[set[Outcome], Counters]:
    """Run a program in golden, which changes the memories; return how it may end, and counters.

    An instruction that both reads and writes outside the memory may be stopped for either.
    """
    engine = config.engine
    interpreter = Interpreter(
        memories,
        rows=engine.rows,
        cols=engine.cols,
        depth=engine.depth,
        accumulator_bits=engine.accumulator_bits,
    )
    if address % INSTRUCTION.words or address >= config.program_words:
        return {Outcome(ProgramError.PROGRAM_ADDRESS, config.program_words)}, interpreter.counters
    for index in range(address // INSTRUCTION.words, config.instructions):
        word = program[index] if index < len(program) else 0
        place = index * INSTRUCTION.words
        if (error := static_error(word, config)) is not ProgramError.NONE:
            return {Outcome(error, place)}, interpreter.counters
        step = instruction_of(word)
        try:
            interpreter.step(step, index)
        except IllegalInstructionError:
            causes = _address_causes(config, step)
            return {Outcome(cause, place) for cause in causes}, interpreter.counters
        if step.opcode is Opcode.HALT:
            return {Outcome(ProgramError.NONE, 0)}, interpreter.counters
    return {Outcome(ProgramError.PROGRAM_ADDRESS, config.program_words)}, interpreter.counters


def _address_causes(config: AcceleratorConfig, step: Instruction) -> set[ProgramError]:
    """Return for what an instruction with a bad address may be stopped."""
    job, size, causes = vars(step), config.activation_bytes, set()
    windows = window_addresses(job, config.engine.rows)
    if any(place is not None and place >= size for window in windows for place in window):
        causes.add(ProgramError.ACTIVATION_ADDRESS)
    if step.drain and any(place + count > size for place, count in writes(job)):
        causes.add(ProgramError.OUTPUT_ADDRESS)
    return causes


def draw_memories(
    random: np.random.Generator, config: AcceleratorConfig, parameters: Sequence[ChannelParameters]
) -> Memories:
    """Draw what activation and weight memory hold; the parameters are repeated."""
    engine = config.engine
    weights = random.integers(
        engine.weight.min, engine.weight.max + 1, (config.weight_words, engine.cols)
    )
    times = -(-config.parameter_words // len(parameters))
    return Memories(
        random.integers(-128, 128, config.activation_bytes).astype(np.int8),
        weights.astype(np.int8),
        (list(parameters) * times)[: config.parameter_words],
    )
