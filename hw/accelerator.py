"""The programmable accelerator: memories, sequencer and host port around the datapath."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from hw.activation_memory import ActivationMemory
from hw.counters import Counters
from hw.datapath import Datapath
from hw.host_access import HostAccess
from hw.host_port import HostMemory, HostPort
from hw.identification import identification
from hw.instruction_fetch import InstructionFetch
from hw.pipeline import copied, delayed, registered
from hw.register_map import REGISTERS, State
from hw.sequencer import Sequencer
from hw.word_memory import WordMemory

__all__ = ["Accelerator"]

_HOST_BYTES = 4
# The activation memory is far from the host. Later than this, a write would meet the units.
_HOST_LATE = 2


class Accelerator(wiring.Component):
    """Runs programs of `hw.instruction.INSTRUCTION` on tensors in its activation memory.

    Parameters
    ----------
    config : AcceleratorConfig
        The engine and the sizes of the memories.

    Members
    -------
    host : In(HostPort())
        Reads and writes the memories and registers; see `HostAccess`.
    """

    def __init__(self, config):
        self.config = config
        engine = config.engine
        self._words = {
            HostMemory.PROGRAM: WordMemory(
                InstructionFetch.BEAT_BITS, depth=config.instructions * InstructionFetch.BEATS),
            HostMemory.WEIGHT: WordMemory(config.weight_row, depth=config.weight_words),
            HostMemory.PARAMETER: WordMemory(
                config.parameter_word.layout, depth=config.parameter_words),
        }
        self._bytes = ActivationMemory(
            size=config.activation_bytes,
            read_width=max(engine.rows, _HOST_BYTES),
            write_width=max(engine.cols, _HOST_BYTES),
        )
        self.datapath = Datapath(config, read_latency=self._bytes.read_latency)
        words = {memory: of.depth * of.stride for memory, of in self._words.items()}
        self.host_access = HostAccess(
            sizes=words | {
                HostMemory.ACTIVATION: config.activation_bytes // _HOST_BYTES,
                HostMemory.REGISTER: REGISTERS.words,
            },
            latencies={memory: of.HOST_LATENCY for memory, of in self._words.items()}
            | {HostMemory.ACTIVATION: _HOST_LATE + self._bytes.read_latency},
        )
        self._units_own = Signal()  # the memories belong to the units, not to the host
        super().__init__({"host": In(HostPort())})

    def elaborate(self, platform):
        m = Module()
        config = self.config

        m.submodules.sequencer = sequencer = Sequencer(config)
        host = self._add_host(m, sequencer)

        # What a program leaves under way goes with its end: every run begins in the same state.
        m.domains.work = work = ClockDomain(local=True)
        m.d.comb += [
            work.clk.eq(ClockSignal()),
            work.rst.eq(registered(m, ResetSignal() | sequencer.o_reset, name="work_reset")),
        ]
        datapath = self.datapath
        m.submodules.datapath = DomainRenamer("work")(datapath)
        for name in ("weights", "parameters", "passes", "activations", "outputs"):
            wiring.connect(m, getattr(sequencer, f"o_{name}"), getattr(datapath, f"i_{name}"))
        for name in ("read", "written", "read_error", "write_error"):
            m.d.comb += getattr(sequencer, f"i_{name}").eq(getattr(datapath, f"o_{name}"))

        self._add_counters(m, host, sequencer)
        self._add_word_memories(m, host, sequencer, datapath)
        self._add_byte_memory(m, host, datapath)
        return m

    def _add_host(self, m, sequencer):
        """Add the host's access and the registers."""
        m.submodules.host_access = host = self.host_access
        wiring.connect(m, wiring.flipped(self.host), host.host)
        # The memories change hands a cycle after a run, before the units begin; the host waits for
        # them.
        runs = Signal()
        m.d.comb += runs.eq((sequencer.o_state == State.RUNNING) | host.o_run)
        m.d.sync += self._units_own.eq(runs)
        m.d.comb += [
            host.i_running.eq(runs | self._units_own),
            sequencer.i_run.eq(host.o_run),
            sequencer.i_address.eq(host.o_data),
            *(host.i_registers[name].eq(value)
              for name, value in identification(self.config).items()),
            host.i_registers.state.eq(sequencer.o_state),
            host.i_registers.error.eq(sequencer.o_error),
            host.i_registers.error_address.eq(sequencer.o_error_address),
        ]
        return host

    def _add_counters(self, m, host, sequencer):
        """Add the counters, which keep what they counted until the next run."""
        m.submodules.counters = counters = Counters(self.datapath.o_events.shape())
        m.d.comb += [
            counters.i_events.eq(self.datapath.o_events),
            counters.i_waiting.eq(self.datapath.o_waiting),
            counters.i_running.eq(sequencer.o_state == State.RUNNING),
            counters.i_clear.eq(sequencer.i_run),
            host.i_counter.eq(counters.o),
            host.i_counter_index.eq(counters.o_index),
        ]

    def _add_word_memories(self, m, host, sequencer, datapath):
        """Add the memories that a host and one unit share."""
        units = {
            HostMemory.PROGRAM: sequencer.program,
            HostMemory.WEIGHT: datapath.weight_memory,
            HostMemory.PARAMETER: datapath.parameter_memory,
        }
        for kind, memory in self._words.items():
            name = kind.name.lower()
            m.submodules[f"{name}_memory"] = memory
            wiring.connect(m, units[kind], memory.unit)
            m.d.comb += [
                memory.i_host.eq(~self._units_own),
                memory.host_address.eq(host.o_address[:len(memory.host_address)]),
                memory.host_write.eq(host.o_write[kind.value]),
                memory.host_data.eq(host.o_data),
                getattr(host, f"i_{name}").eq(memory.o_host_data),
            ]

    def _add_byte_memory(self, m, host, datapath):
        """Add the activation memory, which is the host's while nothing runs."""
        m.submodules.activation_memory = memory = self._bytes
        cols, rows = self.config.engine.cols, self.config.engine.rows
        bits = len(memory.read_address)
        activation = HostMemory.ACTIVATION.value
        host_address, host_data, host_reads, host_writes = (
            self._late(m, value, name=f"host_{name}") for name, value in (
                ("address", (host.o_address << 2)[:bits]), ("data", host.o_data),
                ("reads", host.o_read[activation]), ("writes", host.o_write[activation]))
        )
        units_read, units_write = copied(m, self._units_own, 2, name="units_own")
        with m.If(units_read):
            m.d.comb += [
                memory.read_en.eq(datapath.read_en),
                memory.read_address.eq(datapath.read_address),
            ]
        with m.Else():
            m.d.comb += [
                memory.read_en.eq(host_reads),
                memory.read_address.eq(host_address),
            ]
        with m.If(units_write):
            m.d.comb += [
                memory.write_en.eq(datapath.write_en),
                memory.write_address.eq(datapath.write_address),
                memory.write_count.eq(datapath.write_count),
                Value.cast(memory.write_data)[:8 * cols].eq(datapath.write_data),
            ]
        with m.Else():
            m.d.comb += [
                memory.write_en.eq(host_writes),
                memory.write_address.eq(host_address),
                memory.write_count.eq(_HOST_BYTES),
                Value.cast(memory.write_data)[:32].eq(host_data),
            ]
        m.d.comb += [
            Value.cast(datapath.read_data).eq(Value.cast(memory.read_data)[:8 * rows]),
            host.i_activation.eq(Value.cast(memory.read_data)[:32]),
        ]

    def _late(self, m, value, *, name):
        """Return what the host gives, when it is at the activation memory."""
        # Other memories have the same registers, in other places.
        value = delayed(m, value, _HOST_LATE - 1, name=name)
        return copied(m, value, 1, name=name)[0]
