"""Hands instructions to the units, and says when and why the program ends."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from golden.program_error import ProgramError
from hw.activation_reader import ActivationReader
from hw.checked_instruction import CheckedInstruction
from hw.job_layout import job_layout
from hw.output_writer import OutputWriter
from hw.pipeline import registered

__all__ = ["Dispatcher"]

# Units, and whether only instructions that drain have a part for them.
_UNITS = {
    "weights": False, "parameters": True, "passes": False, "activations": False, "outputs": True,
}


class Dispatcher(wiring.Component):
    """Hands each instruction to the units that have a part in it, each as soon as it takes it.

    The program ends at the first instruction, in program order, that is a `HALT`, is illegal, or
    has a unit find an address outside the activation memory, and not before all outputs of the
    instructions before that one are written.

    Latency is `OFFER_AFTER` cycles to the units and `END_AFTER` to the end of the program. An
    instruction leaves `TAKEN_AFTER` cycles after the last unit took its part: throughput is one
    instruction in `OFFER_AFTER + TAKEN_AFTER + 1` cycles.

    Parameters
    ----------
    config : AcceleratorConfig
        Sizes of the memories.

    Members
    -------
    i : In(stream.Signature(CheckedInstruction))
        The instructions. It is ready only for one that is there. Where one follows another, its
        fields and `index` may come a cycle behind the rest.
    o_weights, o_parameters : Out(stream.Signature(WordRun))
    o_passes : Out(stream.Signature(PassRun))
    o_activations, o_outputs : Out(stream.Signature(...))
        Jobs of the units.
    i_read, i_written : In(4)
        Jobs that the activation reader and the output writer have finished, modulo 16.
    i_read_error, i_write_error : In(1)
        The job after those reads, writes outside the memory.
    o_ended : Out(1)
        The program is at its end.
    o_error : Out(CheckedInstruction.error)
        Why, `ProgramError.NONE` at a `HALT`. Valid with `o_ended`.
    o_index : Out(CheckedInstruction.index)
        The instruction at which it ended. Valid with `o_ended`.
    """

    OFFER_AFTER = 1
    TAKEN_AFTER = 2
    END_AFTER = 2

    COUNT_BITS = 4
    """Of the counts of jobs: fewer than 16 are under way."""

    def __init__(self, config):
        self.config = config
        checked = CheckedInstruction(config)
        narrow = checked["instruction"].shape
        reads = job_layout(
            *ActivationReader.FIELDS, instruction=narrow, wait_for=self.COUNT_BITS)
        writes = job_layout(*OutputWriter.FIELDS, instruction=narrow)
        super().__init__({
            "i":             In(stream.Signature(checked)),
            "o_weights":     Out(stream.Signature(checked["weights"].shape)),
            "o_parameters":  Out(stream.Signature(checked["parameters"].shape)),
            "o_passes":      Out(stream.Signature(checked["passes"].shape)),
            "o_activations": Out(stream.Signature(reads)),
            "o_outputs":     Out(stream.Signature(writes)),
            "i_read":        In(self.COUNT_BITS),
            "i_written":     In(self.COUNT_BITS),
            "i_read_error":  In(1),
            "i_write_error": In(1),
            "o_ended":       Out(1),
            "o_error":       Out(checked["error"].shape),
            "o_index":       Out(checked["index"].shape),
        })

    def elaborate(self, platform):
        m = Module()
        checked = self.i.payload
        drain = checked.instruction.drain

        runs = checked.runs
        # How many instructions were handed out, and how many of them drain, modulo 16. One more
        # than these, and one job more could not be told from none.
        given, drained = Signal(self.COUNT_BITS), Signal(self.COUNT_BITS)
        more_given, more_drained = (
            Signal(self.COUNT_BITS, name=name, init=1) for name in ("more_given", "more_drained"))
        full = (more_given == self.i_read) | (more_drained == self.i_written)
        # One that is offered is finished: the reader may have counted it already.
        offered, taken = Signal(), Signal()
        finished = self._send(m, offered)
        m.d.comb += self.i.ready.eq(taken)
        m.d.sync += [
            taken.eq(offered & finished & ~taken),
            offered.eq((offered & ~taken) | (~offered & self.i.valid & runs & ~full)),
        ]

        with m.If(self.i.ready):
            m.d.sync += [given.eq(more_given), more_given.eq(more_given + 1)]
            with m.If(drain):
                m.d.sync += [drained.eq(more_drained), more_drained.eq(more_drained + 1)]
        m.d.comb += self.o_activations.payload.wait_for.eq(drained)

        self._end(m, runs, given, drained)
        return m

    def _send(self, m, offered):
        """Offer the instruction to each unit that has no part of it yet, or needs none.

        Returns whether it is with all of them.
        """
        checked = self.i.payload
        m.d.comb += [
            self.o_weights.payload.eq(checked.weights),
            self.o_parameters.payload.eq(checked.parameters),
            self.o_passes.payload.eq(checked.passes),
        ]
        for unit, fields in (
            (self.o_activations, ActivationReader.FIELDS), (self.o_outputs, OutputWriter.FIELDS),
        ):
            m.d.comb += [unit.payload[name].eq(checked.instruction[name]) for name in fields]

        has, enough = Signal(len(_UNITS)), Signal(len(_UNITS))
        for n, (name, only_drains) in enumerate(_UNITS.items()):
            unit, needed = getattr(self, f"o_{name}"), checked.instruction.drain | (not only_drains)
            m.d.comb += [
                unit.valid.eq(offered & needed & ~has[n]),
                enough[n].eq(has[n] | ~needed),
            ]
            m.d.sync += has[n].eq((has[n] | (unit.valid & unit.ready)) & ~self.i.ready)
        return enough.all()

    def _find_read(self, m, given):
        """Say which the oldest instruction is that is not read.

        Return its place, a cycle later; the drains before it; whether these are yet to be found.
        """
        index, drain, taken = self.i.payload.index, self.i.payload.instruction.drain, self.i.ready
        following = Signal.like(index, reset_less=True)  # the place of the next to be handed out
        with m.If(taken):
            m.d.sync += following.eq((index + 1)[:len(index)])

        # Every instruction is read, in the order of the program, so that counts are places.
        m.submodules.drains = drains = Memory(
            shape=unsigned(1), depth=1 << self.COUNT_BITS, init=[])
        write, read = drains.write_port(), drains.read_port(domain="comb")
        counted, before = Signal(self.COUNT_BITS), Signal(self.COUNT_BITS)
        behind = counted != self.i_read
        m.d.comb += [
            write.addr.eq(given), write.data.eq(drain), write.en.eq(taken),
            read.addr.eq(counted),
        ]
        # It may be read before all units have it. Instructions come no faster than these steps.
        steps = Signal()
        m.d.sync += steps.eq(behind & (counted != given) & ~steps)
        with m.If(steps):
            m.d.sync += [counted.eq(counted + 1), before.eq(before + read.data)]
        left = registered(m, (given - self.i_read)[:self.COUNT_BITS], name="left")
        place = registered(m, following, name="following_late") - left
        return place[:len(index)], before, behind

    def _find_written(self, m, drained):
        """Return the place of the oldest instruction that is not written, a cycle later."""
        index = self.i.payload.index
        m.submodules.write_places = places = Memory(
            shape=len(index), depth=1 << self.COUNT_BITS, init=[])
        write, read = places.write_port(), places.read_port()
        m.d.comb += [
            write.addr.eq(drained), write.data.eq(index), write.en.eq(self.i.ready),
            read.addr.eq(self.i_written),
        ]
        return read.data

    def _end(self, m, runs, given, drained):
        """Find the first instruction at which the program ends."""
        index = self.i.payload.index
        read_index, drained_before, behind = self._find_read(m, given)
        # It was there a cycle before an error is found.
        written_index = self._find_written(m, drained)

        # What comes first in the program is looked at last.
        all_read = registered(m, self.i_read == given, name="all_read")
        all_written = registered(m, self.i_written == drained, name="all_written")
        was_ready = registered(m, self.i.ready, name="was_ready")
        m.d.sync += [
            self.o_ended.eq(self.i.valid & ~runs & all_read & all_written & ~was_ready),
            self.o_error.eq(self.i.payload.error),
            self.o_index.eq(index),
        ]
        # The reader may find an error in an instruction that other units have yet to take. Nothing
        # moves once it is that of the oldest.
        is_oldest = registered(m, ~behind & (self.i_written == drained_before), name="is_oldest")
        read_error = registered(m, self.i_read_error, name="read_error")
        found = Signal()
        m.d.sync += found.eq(read_error & ~all_read & is_oldest)
        found_index = registered(m, read_index, name="read_index")
        with m.If(found):
            m.d.sync += [
                self.o_ended.eq(1),
                self.o_error.eq(ProgramError.ACTIVATION_ADDRESS.value),
                self.o_index.eq(found_index),
            ]
        with m.If(self.i_write_error):
            m.d.sync += [
                self.o_ended.eq(1),
                self.o_error.eq(ProgramError.OUTPUT_ADDRESS.value),
                self.o_index.eq(written_index),
            ]
