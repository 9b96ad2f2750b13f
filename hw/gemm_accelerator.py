"""The accelerator for small parts: a host lays out tensors and hands out matrix products."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from hw.direct_access import DirectAccess
from hw.host_port import HostMemory, HostPort
from hw.identification import identification
from hw.job_sequencer import JobSequencer
from hw.job_steps import JobSteps
from hw.parameter_input import ParameterInput
from hw.register_map import REGISTERS
from hw.shared_memory import SharedMemory
from hw.step_engine import StepEngine

__all__ = ["GemmAccelerator"]


class GemmAccelerator(wiring.Component):
    """Does the jobs of a list, each a matrix product with requantization.

    For each of `tiles_n` tiles n and each of `steps_k` steps k, a pass of `rows` rows m: weights
    are the next R words of the weight memory, activations the words
    `activation_address + k * rows + m`. The last pass of a tile requantizes with the parameters
    `parameter_address + n * C + c`, and its results are the words `output_address + n * rows + m`.

    Nothing is ever waited for, so how long a job takes is known: see `GemmTiming`. A reset has to
    last until no results are under way, `StepEngine.latency` cycles.

    Parameters
    ----------
    config : GemmAcceleratorConfig
        The engine and the sizes of the memories.

    Members
    -------
    host : In(HostPort())
        Reads and writes the memories and registers, see `DirectAccess`. Jobs are the program.
        Parameters are written a whole word at a time, and read as 0.
    """

    def __init__(self, config):
        self.config = config
        self._weights = SharedMemory(
            config.weight_row, depth=config.weight_words, single_port=True)
        self._activations = SharedMemory(config.activation_row, depth=config.activation_words)
        self._jobs = SharedMemory(32, depth=config.job_words, single_port=True)
        self._parameters = ParameterInput(config)
        self._memories = {
            HostMemory.PROGRAM: self._jobs,
            HostMemory.WEIGHT: self._weights,
            HostMemory.PARAMETER: self._parameters,
            HostMemory.ACTIVATION: self._activations,
        }
        self.engine = StepEngine(config.engine, entries=config.parameter_entries)
        super().__init__({"host": In(HostPort())})

    def elaborate(self, platform):
        m = Module()
        m.submodules.engine = engine = self.engine
        m.submodules.sequencer = sequencer = JobSequencer(self.config)
        m.submodules.steps = steps = JobSteps(self.config)
        jobs, weights, activations = self._jobs, self._weights, self._activations
        self._add_host(m, sequencer)

        output_address = Signal(range(self.config.activation_words), reset_less=True)
        written = engine.o_valid & sequencer.o_running
        with m.If(sequencer.o_start):
            m.d.sync += output_address.eq(sequencer.o_output_address)
        with m.Elif(written):
            m.d.sync += output_address.eq((output_address + 1)[:len(output_address)])

        m.d.comb += [
            jobs.read_address.eq(sequencer.o_address),
            sequencer.i_word.eq(jobs.read_data),
            steps.i_start.eq(sequencer.o_start),
            steps.i_job.eq(sequencer.o_job),
            sequencer.i_done.eq(engine.o_valid & engine.o_last),
            weights.read_address.eq(steps.o_weight_address),
            activations.read_address.eq(steps.o_activation_address),
            engine.i_weight.eq(weights.read_data),
            engine.i_load.eq(steps.o_load),
            engine.i_activation.eq(activations.read_data),
            engine.i_first.eq(steps.o_first),
            engine.i_control.eq(steps.o_control),
            engine.i_write.eq(self._parameters.o_write),
            engine.i_write_index.eq(self._parameters.o_write_index),
            engine.i_write_word.eq(self._parameters.o_write_word),
            activations.write_en.eq(written),
            activations.write_address.eq(output_address),
            activations.write_data.eq(engine.o_data),
        ]
        return m

    def _add_host(self, m, sequencer):
        """Add the host's access to the memories and registers."""
        m.submodules.access = access = DirectAccess(sizes={
            memory: of.depth * of.stride for memory, of in self._memories.items()})
        wiring.connect(m, wiring.flipped(self.host), access.host)
        for kind, memory in self._memories.items():
            name = kind.name.lower()
            m.submodules[f"{name}_memory"] = memory
            m.d.comb += [
                memory.i_host.eq(~sequencer.o_running),
                memory.host_address.eq(access.o_address[:len(memory.host_address)]),
                memory.host_write.eq(access.o_write[kind.value]),
                memory.host_data.eq(access.o_data),
                getattr(access, f"i_{name}").eq(memory.o_host_data),
            ]

        cycles = Signal(REGISTERS["cycles"].bits)
        with m.If(access.o_run):
            m.d.sync += cycles.eq(0)
        with m.Elif(sequencer.o_running):
            m.d.sync += cycles.eq(cycles + 1)
        m.d.comb += [
            sequencer.i_run.eq(access.o_run),
            sequencer.i_address.eq(access.o_data),
            access.i_running.eq(sequencer.o_running),
            *(access.i_registers[name].eq(value)
              for name, value in identification(self.config).items()),
            access.i_registers.state.eq(sequencer.o_state),
            access.i_registers.cycles.eq(cycles),
        ]
