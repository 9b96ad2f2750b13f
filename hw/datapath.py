"""The units and the engine that they feed and empty."""

from dataclasses import replace

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from hw.activation_reader import ActivationReader
from hw.dispatcher import Dispatcher
from hw.gemm_engine import GemmEngine
from hw.narrow_instruction import NarrowInstruction
from hw.output_writer import OutputWriter
from hw.pass_generator import PassGenerator
from hw.pipeline import registered
from hw.stream_buffer import StreamBuffer
from hw.stream_queue import StreamQueue
from hw.word_memory import WordMemory
from hw.word_reader import WordReader

__all__ = ["Datapath"]

_READ = ("read_en", "read_address", "read_data")
_WRITE = ("write_en", "write_address", "write_count", "write_data")


class Datapath(wiring.Component):
    """Reads, multiplies, requantizes and writes what its jobs say; the memories are outside.

    The units work independently and ahead: weights, parameters and passes are fetched while
    activations wait for earlier outputs. A reset empties all of it.

    Parameters
    ----------
    config : AcceleratorConfig
        The engine and the sizes of the memories.
    read_latency : int
        Cycles from an address of the activation memory to its data.

    Members
    -------
    i_weights, i_parameters, i_passes, i_activations, i_outputs : In(stream.Signature(...))
        Jobs of the units, from `Dispatcher`: never more than it has under way.
    o_read, o_written, o_read_error, o_write_error : Out(...)
        What the units have done, for `Dispatcher`.
    o_events : Out(EngineEvents)
        What happened in the engine, for `Counters`.
    o_waiting : Out(1)
        The activation reader waits for earlier outputs.
    weight_memory, parameter_memory : Out(WordPort(...))
        Memories of words.
    read_en, read_address, read_data, write_en, write_address, write_count, write_data
        The ports of the activation memory, from outside.
    """

    _UNDER_WAY = 1 << Dispatcher.COUNT_BITS

    def __init__(self, config, *, read_latency):
        self.config = config
        self.read_latency = read_latency
        engine = config.engine
        self.engine = GemmEngine(replace(engine, statistics=True))
        narrow = NarrowInstruction(config)
        self._units = units = {
            "weights": self.word_reader(config.weight_row, config.weight_words),
            "parameters": self.word_reader(config.parameter_word.layout, config.parameter_words),
            "passes": PassGenerator(passes=config.passes, depth=engine.depth),
            "activations": ActivationReader(
                rows=engine.rows, size=config.activation_bytes, read_latency=read_latency,
                instruction=narrow, multiplier=engine.multiplier),
            "outputs": OutputWriter(
                cols=engine.cols, size=config.activation_bytes, instruction=narrow),
        }
        members = {name: unit.signature.members for name, unit in units.items()}
        super().__init__({
            **{f"i_{name}": members[name]["i"] for name in units},
            "o_read":           members["activations"]["o_read"],
            "o_written":        members["outputs"]["o_written"],
            "o_read_error":     Out(1),
            "o_write_error":    Out(1),
            "o_waiting":        Out(1),
            "o_events":         self.engine.signature.members["o_events"],
            "weight_memory":    members["weights"]["memory"],
            "parameter_memory": members["parameters"]["memory"],
            **{name: members["activations"][name] for name in _READ},
            **{name: members["outputs"][name] for name in _WRITE},
        })

    def elaborate(self, platform):
        m = Module()
        # The engine is far from the units, so the reset gets there a cycle later.
        m.domains.engine = domain = ClockDomain(local=True)
        m.d.comb += [
            domain.clk.eq(ClockSignal()),
            domain.rst.eq(registered(m, ResetSignal(), name="engine_reset")),
        ]
        engine = self.engine
        m.submodules.engine = DomainRenamer("engine")(engine)
        for name, unit in self._units.items():
            m.submodules[name] = unit
            if name in ("weights", "parameters", "passes"):
                # A job waits here while the unit works, so that it is never idle between.
                m.submodules[f"{name}_jobs"] = jobs = StreamBuffer(
                    unit.i.payload.shape(), at_output=True)
                wiring.connect(m, wiring.flipped(getattr(self, f"i_{name}")), jobs.i)
                wiring.connect(m, jobs.o, unit.i)
        # The reader of activations keeps a job itself while it works on the one before.
        wiring.connect(m, wiring.flipped(self.i_activations), self._units["activations"].i)
        self._queue_outputs(m)

        weights, parameters, passes, activations, outputs = self._units.values()
        wiring.connect(m, weights.o, engine.i_weight)
        wiring.connect(m, parameters.o, engine.i_parameter)
        wiring.connect(m, passes.o, engine.i_pass)
        wiring.connect(m, activations.o, engine.i_activation)
        wiring.connect(m, engine.o, outputs.i_output)
        wiring.connect(m, weights.memory, wiring.flipped(self.weight_memory))
        wiring.connect(m, parameters.memory, wiring.flipped(self.parameter_memory))

        m.d.comb += [
            activations.i_written.eq(outputs.o_written),
            activations.read_data.eq(self.read_data),
            self.o_read.eq(activations.o_read),
            self.o_waiting.eq(activations.o_waiting),
            self.o_events.eq(engine.o_events),
            self.o_written.eq(outputs.o_written),
            self.o_read_error.eq(activations.o_error),
            self.o_write_error.eq(outputs.o_error),
            *(getattr(self, name).eq(getattr(activations, name)) for name in _READ[:2]),
            *(getattr(self, name).eq(getattr(outputs, name)) for name in _WRITE),
        ]
        return m

    @staticmethod
    def word_reader(shape, depth):
        """Make the reader of a memory of words."""
        return WordReader(shape, depth=depth, read_latency=WordMemory.READ_LATENCY)

    def _queue_outputs(self, m):
        """Keep the jobs of all results that are on their way through the engine."""
        jobs = self._units["outputs"].i
        m.submodules.output_jobs = queue = StreamQueue(
            jobs.payload.shape(), depth=self._UNDER_WAY)
        # What the writer takes enables the buffer's registers alone, not the queue.
        m.submodules.next_output_job = following = StreamBuffer(
            jobs.payload.shape(), at_output=True)
        wiring.connect(m, wiring.flipped(self.i_outputs), queue.i)
        wiring.connect(m, queue.o, following.i)
        wiring.connect(m, following.o, jobs)
