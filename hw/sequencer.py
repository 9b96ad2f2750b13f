"""Runs programs: from a start address to their end."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from golden.program_error import ProgramError
from hw.checked_instruction import CheckedInstruction, CheckResult
from hw.dispatcher import Dispatcher
from hw.folded import folded
from hw.instruction import INSTRUCTION
from hw.instruction_check import InstructionCheck
from hw.instruction_fetch import InstructionFetch
from hw.instruction_queue import InstructionQueue
from hw.output_buffer import OutputBuffer
from hw.pipeline import registered
from hw.register_map import State
from hw.word_port import WordPort

__all__ = ["Sequencer"]

_JOBS = ("o_weights", "o_parameters", "o_passes", "o_activations", "o_outputs")
_DONE = ("i_read", "i_written", "i_read_error", "i_write_error")


class Sequencer(wiring.Component):
    """Fetches, checks and dispatches instructions, and says how the program ended.

    However it ended, the units and the engine are reset: each run begins from the same state.

    Parameters
    ----------
    config : AcceleratorConfig
        Sizes of the memories.

    Members
    -------
    i_run : In(1)
        Starts a program. Only while `o_state` is not RUNNING.
    i_address : In(32)
        Word of 32 bits where it starts.
    program : Out(WordPort(InstructionFetch.BEAT_BITS, ...))
        The program memory.
    o_weights, o_parameters, o_passes, o_activations, o_outputs : Out(stream.Signature(...))
        Jobs of the units, see `Dispatcher`.
    i_read, i_written, i_read_error, i_write_error : In(...)
        What the units have done, see `Dispatcher`.
    o_reset : Out(1)
        Resets the units and the engine.
    o_state : Out(State)
        What the sequencer does.
    o_error : Out(4)
        Why the program stopped, a `ProgramError`.
    o_error_address : Out(32)
        Word of 32 bits where the instruction begins at which it stopped; a cycle after `o_state`
        says that it did.
    """

    AHEAD = 8
    """Instructions that are fetched ahead: as many as hide the latency of fetch and check."""

    START_LATENCY = (
        1 + InstructionFetch.LATENCY + InstructionCheck.LATENCY
        + OutputBuffer.LATENCY + Dispatcher.OFFER_AFTER
    )
    """Cycles from `i_run` to the jobs of the first instruction."""

    def __init__(self, config):
        self.config = config
        self._dispatcher = Dispatcher(config)
        members = self._dispatcher.signature.members
        beats = config.instructions * InstructionFetch.BEATS
        super().__init__({
            "i_run":           In(1),
            "i_address":       In(32),
            "program":         Out(WordPort(InstructionFetch.BEAT_BITS, depth=beats)),
            **{name: members[name] for name in (*_JOBS, *_DONE)},
            "o_reset":         Out(1),
            "o_state":         Out(State),
            "o_error":         Out(members["o_error"].shape),
            "o_error_address": Out(32),
        })

    def elaborate(self, platform):
        m = Module()
        start = Signal()
        address = registered(
            m, folded(self.i_address, self.config.program_words - 1), name="address")
        m.d.sync += start.eq(self.i_run)
        dispatcher = self._add_stages(m, start, address)

        alignment = INSTRUCTION.words.bit_length() - 1
        stopped = dispatcher.o_error != ProgramError.NONE.value
        # It has many registers, which one enables; the host reads it behind the state.
        place = registered(
            m, Mux(stopped, dispatcher.o_index << alignment, 0)[:32], name="place")
        with m.If(self.o_reset):
            m.d.sync += self.o_error_address.eq(place)
        m.d.sync += self.o_reset.eq(0)
        running = Signal()  # `o_state` says so
        with m.If(self.i_run):
            m.d.sync += [
                running.eq(1),
                self.o_state.eq(State.RUNNING),
                self.o_error.eq(ProgramError.NONE.value),
                self.o_error_address.eq(0),
            ]
        with m.Elif(running & dispatcher.o_ended):
            m.d.sync += [
                running.eq(0),
                self.o_reset.eq(1),
                self.o_state.eq(Mux(stopped, State.ERROR, State.DONE)),
                self.o_error.eq(dispatcher.o_error),
            ]
        return m

    def _add_stages(self, m, start, address):
        """Add fetch, check, buffer and dispatcher, and return the dispatcher."""
        config = self.config
        stages = {
            "fetch": InstructionFetch(instructions=config.instructions),
            "check": InstructionCheck(config),
            "buffer": OutputBuffer(CheckResult(config), depth=self.AHEAD),
            "queue": InstructionQueue(config, depth=self.AHEAD),
            "dispatcher": self._dispatcher,
        }
        # They are reset a cycle after the end, by one register for all.
        m.domains.stages = domain = ClockDomain(local=True)
        m.d.comb += [
            domain.clk.eq(ClockSignal()),
            domain.rst.eq(registered(m, ResetSignal() | self.o_reset, name="stages_reset")),
        ]
        for name, stage in stages.items():
            m.submodules[name] = DomainRenamer("stages")(stage)
        fetch, check, buffer, queue, dispatcher = stages.values()
        # An instruction waits for its result, and both leave together; what has room for the one
        # has room for the other.
        checked, joined = CheckedInstruction(config).joined(queue.o, buffer.o.payload)
        m.d.comb += joined
        m.d.comb += [
            queue.i.eq(fetch.o),
            queue.i_take.eq(dispatcher.i.ready),
            dispatcher.i.payload.eq(checked),
            dispatcher.i.valid.eq(buffer.o.valid),
            buffer.o.ready.eq(dispatcher.i.ready),
            fetch.i_start.eq(start),
            fetch.i_address.eq(address),
            fetch.i_room.eq(buffer.o_room),
            buffer.i_take_room.eq(fetch.o_take_room),
            check.i.eq(fetch.o),
            buffer.i_valid.eq(check.o_valid),
            buffer.i_payload.eq(check.o),
        ]
        wiring.connect(m, fetch.memory, wiring.flipped(self.program))
        for name in _JOBS:
            wiring.connect(m, getattr(dispatcher, name), wiring.flipped(getattr(self, name)))
        m.d.comb += [getattr(dispatcher, name).eq(getattr(self, name)) for name in _DONE]
        return dispatcher
