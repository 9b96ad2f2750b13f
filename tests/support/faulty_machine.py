"""Accelerators with a fault, without any simulator: in the array, or on the way to the host."""

from contextlib import contextmanager
from dataclasses import asdict

import numpy as np

from flow.machine_run import MachineRun
from flow.program_machine import GoldenMachine, HostMachine
from golden.program import Counters, Interpreter
from hw.host_port import HostMemory


class Stuck:
    """Observer: a bit of the accumulators of a column is always 1."""

    def __init__(self, column, bit):
        self.column, self.bit = column, bit

    def after_pass(self, done):
        done.accumulators[:, self.column] |= 1 << self.bit

    def after_drain(self, drain):
        pass


class Deaf:
    """Observer: a row of the array takes no activations, in one column."""

    def __init__(self, column, row):
        self.column, self.row = column, row

    def after_pass(self, done):
        weights = done.weights[self.row, self.column].astype(np.int64)
        done.accumulators[:, self.column] -= done.activations[:, self.row] * weights

    def after_drain(self, drain):
        pass


def run_with(observer, program, inputs):
    """What a program leaves in an array that an observer changes."""
    engine, memories = program.config.engine, program.memories(inputs)
    interpreter = Interpreter(
        memories, rows=engine.rows, cols=engine.cols, depth=engine.depth, observer=observer
    )
    interpreter.run(program.instructions)
    tensors = {name: program.read_tensor(memories.activation, name) for name in program.tensors}
    return MachineRun(tensors, interpreter.counters)


def break_golden(monkeypatch, observer):
    """Let golden, as a level, be an accelerator with a fault for the rest of a test."""
    monkeypatch.setattr(
        GoldenMachine, "run", lambda self, inputs: run_with(observer, self._program, inputs)
    )


class WrongReads:
    """A host whose reads have a bit wrong: in one byte of the activation memory.

    The accelerator behind it is golden. `times` is how often such a host fails, whatever number of
    them there is.
    """

    times = 1 << 30

    def __init__(self, program, byte, bit):
        self._program, self._byte, self._bit = program, byte, bit
        self._memory = np.zeros(program.config.activation_bytes, np.int8)
        self._counters = Counters()

    def check(self, config):
        assert config == self._program.config

    def write(self, memory, address, words):
        if memory is HostMemory.ACTIVATION:
            values = np.asarray(words).astype("<u4").view(np.int8)
            self._memory[4 * address : 4 * address + len(values)] = values

    def run(self, address):
        program, engine = self._program, self._program.config.engine
        inputs = {name: program.read_tensor(self._memory, name) for name in program.inputs}
        memories = program.memories(inputs)
        interpreter = Interpreter(memories, rows=engine.rows, cols=engine.cols, depth=engine.depth)
        self._counters = interpreter.run(program.instructions)
        self._memory = memories.activation
        if type(self).times > 0:
            type(self).times -= 1
            self._memory[self._byte] ^= np.int8(1 << self._bit)

    def wait(self, timeout):
        pass

    def read(self, memory, address, count):
        return self._memory[4 * address : 4 * (address + count)].view("<u4").astype(np.uint32)

    def counters(self):
        return asdict(self._counters) | {"cycles": 1}


def break_reads(monkeypatch, byte, bit, times=1 << 30):
    """Let every level but golden be an accelerator behind such a host for the rest of a test."""
    whole = GoldenMachine
    host = type("Host", (WrongReads,), {"times": times})

    @contextmanager
    def opened(program, level, **options):
        if level.value == "golden":
            yield whole(program)
        else:
            yield HostMachine(program, host(program, byte, bit), patience=1)

    monkeypatch.setattr("flow.program_job.open_machine", opened)
