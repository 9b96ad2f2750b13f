"""Fetches the jobs of a list, and has one done after the other."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.gemm_job import JOB
from hw.job_steps import GemmWork
from hw.register_map import State

__all__ = ["JobSequencer"]


class JobSequencer(wiring.Component):
    """Runs the jobs of `hw.gemm_job.JOB` from an address on to the one without rows.

    A job is fetched when all results of the one before are written. No address is looked at: one
    beyond a memory is the remainder of its size, if that is a power of two.

    Latency is `START` cycles from `i_run` to `o_start`, `NEXT` cycles from `i_done` to the next
    one, and `END` cycles from either to the end of the list.

    Parameters
    ----------
    config : GemmAcceleratorConfig
        Sizes of the memories.

    Members
    -------
    i_run : In(1)
        Starts the list at `i_address`; not while one runs.
    i_address : In(32)
        Word of 32 bits of the job memory, a multiple of 8.
    i_done : In(1)
        The last results of the job are written in this cycle.
    o_running : Out(1)
    o_state : Out(State)
    o_address : Out(range(job_words))
        The word of the job memory that is read.
    i_word : In(32)
        What it was in the cycle before.
    o_start : Out(1)
        A job begins.
    o_job : Out(GemmWork(config))
        It stays until its end.
    o_output_address : Out(range(activation_words))
        Where its first results go, with `o_start`.
    """

    _WORDS = max(field.word for field in JOB.fields) + 1
    END = 2
    START = NEXT = _WORDS + 2

    def __init__(self, config):
        self.config = config
        super().__init__({
            "i_run":            In(1),
            "i_address":        In(32),
            "i_done":           In(1),
            "o_running":        Out(1),
            "o_state":          Out(State),
            "o_address":        Out(range(config.job_words)),
            "i_word":           In(32),
            "o_start":          Out(1),
            "o_job":            Out(GemmWork(config)),
            "o_output_address": Out(range(config.activation_words)),
        })

    def elaborate(self, platform):
        m = Module()
        job_bits = JOB.words.bit_length() - 1
        number = Signal(len(self.o_address) - job_bits)
        index = Signal(range(self._WORDS + 1))
        m.d.comb += self.o_address.eq(Cat(index[:job_bits], number))

        with m.FSM() as fsm:
            with m.State("IDLE"), m.If(self.i_run):
                m.d.sync += [number.eq(self.i_address[job_bits:][:len(number)]), index.eq(0)]
                m.next = "FETCH"
            with m.State("FETCH"):
                m.d.sync += index.eq(index + 1)
                self._take(m, index)
                rows = self.i_word[JOB["rows"].bit:][:JOB["rows"].bits]
                with m.If((index == 1) & (rows == 0)):
                    m.d.sync += self.o_state.eq(State.DONE)
                    m.next = "IDLE"
                with m.Elif(index == self._WORDS):
                    m.d.sync += [self.o_start.eq(1), number.eq(number + 1), index.eq(0)]
                    m.next = "WORK"
            with m.State("WORK"):
                m.d.sync += self.o_start.eq(0)
                with m.If(self.i_done):
                    m.next = "FETCH"
        m.d.comb += self.o_running.eq(~fsm.ongoing("IDLE"))
        with m.If(self.i_run):
            m.d.sync += self.o_state.eq(State.RUNNING)
        return m

    def _take(self, m, index):
        """Keep what the hardware needs of the word that was read in the cycle before."""
        job = self.o_job
        for name, target, counts in (
            ("rows", job.rows_minus_1, True),
            ("tiles_n", job.tiles_minus_1, True),
            ("steps_k", job.steps_minus_1, True),
            ("activation_address", job.activation_address, False),
            ("weight_address", job.weight_address, False),
            ("parameter_address", job.entry, False),
            ("output_address", self.o_output_address, False),
        ):
            field = JOB[name]
            value = self.i_word[field.bit:][:field.bits]
            if name == "parameter_address":
                value = value[self.config.engine.cols.bit_length() - 1:]
            with m.If(index == field.word + 1):
                m.d.sync += target.eq((value - counts)[:len(target)])
