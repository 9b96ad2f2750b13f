"""Checks instructions, and computes what the units need and no field has."""

from functools import reduce
from operator import or_

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from golden.program_error import ProgramError
from hw.folded import folded
from hw.instruction import INSTRUCTION, Opcode
from hw.instruction_fetch import Fetched
from hw.narrow_instruction import NarrowInstruction
from hw.pass_generator import PassRun
from hw.pipeline import delayed, registered
from hw.word_reader import WordRun

__all__ = ["CheckResult", "CheckedInstruction", "InstructionCheck"]

_COUNTS = ("tiles_n", "steps_ky", "steps_kx", "steps_kc", "rows_y", "rows_x")


class CheckResult(data.StructLayout):
    """What was computed from an instruction.

    Parameters
    ----------
    config : AcceleratorConfig
        Sizes of the memories.
    """

    def __init__(self, config):
        run = PassRun(passes=config.passes, depth=config.engine.depth)
        counts = ("tiles_minus_1", "passes_minus_1", "rows_minus_1")
        super().__init__({
            "error":             bits_for(max(ProgramError)),  # why it is illegal, a ProgramError
            "weights_minus_1":    range(config.weight_words),     # words of weights, less one
            "parameters_minus_1": range(config.parameter_words),  # words of parameters, less one
            **{name: run[name].shape for name in counts},
        })


class CheckedInstruction(data.StructLayout):
    """An instruction and what was computed from it.

    Parameters
    ----------
    config : AcceleratorConfig
        Sizes of the memories.
    """

    def __init__(self, config):
        super().__init__({
            "instruction": NarrowInstruction(config),
            "index":       range(config.instructions + 1),  # its place in the program memory
            "error":       bits_for(max(ProgramError)),     # why it is illegal, a ProgramError
            "weights":     WordRun(depth=config.weight_words),
            "parameters":  WordRun(depth=config.parameter_words),
            "passes":      PassRun(passes=config.passes, depth=config.engine.depth),
        })

    def joined(self, waited, result):
        """Return a signal for an instruction that waited and its result, and what sets it."""
        word = waited.instruction
        checked = Signal(self)
        weights, parameters, passes = checked.weights, checked.parameters, checked.passes
        return checked, [
            checked.instruction.eq(word),
            checked.index.eq(waited.index),
            checked.error.eq(result.error),
            weights.address.eq(word.weight_address),
            weights.words_minus_1.eq(result.weights_minus_1),
            parameters.address.eq(word.parameter_address),
            parameters.words_minus_1.eq(result.parameters_minus_1),
            *(passes[name].eq(word[name]) for name in ("first", "rest", "drain")),
            *(passes[name].eq(result[name])
              for name in ("tiles_minus_1", "passes_minus_1", "rows_minus_1")),
        ]


class InstructionCheck(wiring.Component):
    """Finds the first cause, in the order of `ProgramError`, for which an instruction is illegal.

    Addresses of activations and outputs are not among them: the units that use them check them.
    Of a `HALT` only the opcode and the reserved bits are looked at.

    The instruction itself is not passed on: it can wait elsewhere, in cheaper bits than registers.

    No flow control. Latency is `LATENCY` cycles; throughput one instruction per cycle.

    Parameters
    ----------
    config : AcceleratorConfig
        Sizes of the memories.

    Members
    -------
    i_valid : In(1)
        There is an instruction.
    i : In(Fetched)
        The instruction.
    o_valid : Out(1)
        There is a result.
    o : Out(CheckResult)
        What was found out.
    """

    LATENCY = 11

    def __init__(self, config):
        self.config = config
        super().__init__({
            "i_valid": In(1),
            "i":       In(Fetched(instructions=config.instructions)),
            "o_valid": Out(1),
            "o":       Out(CheckResult(config)),
        })

    def elaborate(self, platform):
        m = Module()

        valid = Signal(self.LATENCY)
        m.d.sync += valid.eq(Cat(self.i_valid, valid)[:self.LATENCY])
        m.d.comb += self.o_valid.eq(valid[-1])
        illegal = self._check_fields(m) | self._check_rows(m) | self._check_runs(m)
        code = Const(0, len(self.o.error))
        for error in sorted(illegal, reverse=True):
            code = Mux(illegal[error], error.value, code)
        m.d.comb += self.o.error.eq(registered(m, code[:len(self.o.error)], name="code"))
        return m

    def _at(self, m, value, cycle, *, until=LATENCY - 1, name):
        """Return a value of `cycle` as it is in cycle `until`."""
        return delayed(m, value, until - cycle, name=name)

    def _check_fields(self, m):
        """Return the causes that single fields show, a cycle before the last."""
        word, engine = self.i.instruction, self.config.engine
        matmul = registered(m, word.opcode == Opcode.MATMUL.value, name="matmul")
        halt = registered(m, word.opcode == Opcode.HALT.value, name="halt")
        reserved = (Value.cast(word) & INSTRUCTION.reserved).any()
        zero = reduce(or_, (word[name] == 0 for name in _COUNTS))
        width = reduce(or_, (
            (word[name] == 0) | (word[name] > engine.cols) for name in ("width", "last_width")
        ))
        causes = {
            ProgramError.PROGRAM_ADDRESS: registered(m, self.i.outside, name="outside"),
            ProgramError.OPCODE: ~(matmul | halt),
            ProgramError.RESERVED: registered(m, reserved, name="reserved"),
            ProgramError.COUNT: registered(m, zero, name="zero") & matmul,
            ProgramError.WIDTH: registered(m, width & word.drain, name="width") & matmul,
        }
        return {
            error: self._at(m, value, 1, name=error.name.lower()) for error, value in causes.items()
        }

    def _check_rows(self, m):
        """Compute the rows of a pass."""
        word, depth = self.i.instruction, self.config.engine.depth
        rows = self._product(m, word.rows_y, word.rows_x, depth, name="rows")
        illegal = (rows > depth) & self._matmul(m, 2)
        rows_minus_1 = (rows - 1)[:len(self.o.rows_minus_1)]
        m.d.comb += self.o.rows_minus_1.eq(
            self._at(m, rows_minus_1, 2, until=self.LATENCY, name="rows_minus_1"))
        return {ProgramError.ROWS: self._at(m, illegal, 2, name="rows_error")}

    def _check_runs(self, m):
        """Compute passes and runs of words. Each product takes two cycles."""
        word, config = self.i.instruction, self.config
        engine, last = config.engine, self.LATENCY
        limit = config.passes

        # A number of passes that is cut to `bits` was above the limit.
        bits = bits_for(limit)
        kernel = self._product(m, word.steps_ky, word.steps_kx, limit, name="kernel")
        steps_kc = delayed(m, folded(word.steps_kc, limit), 2, name="steps_kc")
        tile = self._product(m, kernel, steps_kc, limit, name="tile")
        tiles = delayed(m, folded(word.tiles_n, limit), 4, name="tiles")
        over = registered(m, (tile > limit) | (tiles > limit), name="over")
        passes = delayed(m, tile[:bits] * tiles[:bits], 2, name="passes")
        words = delayed(m, passes * engine.rows, 2, name="words")
        weight_address = folded(word.weight_address, config.weight_words)
        weight_end = registered(
            m, words + delayed(m, weight_address, 8, name="weight_address"), name="weight_end")
        outside = (weight_end > config.weight_words) | delayed(m, over, 4, name="over_late")

        parameter_address = folded(word.parameter_address, config.parameter_words)
        channels = folded(word.tiles_n, config.parameter_words) * engine.cols
        channels = delayed(m, channels, 2, name="channels")
        parameter_end = registered(
            m, channels + delayed(m, parameter_address, 2, name="parameter_address"),
            name="parameter_end")
        drain = delayed(m, word.drain, 3, name="drain")
        no_parameters = (parameter_end > config.parameter_words) & drain & self._matmul(m, 3)

        for name, value, cycle in (
            ("passes_minus_1", tile - 1, 4),
            ("tiles_minus_1", tiles - 1, 4),
            ("weights_minus_1", words - 1, 8),
            ("parameters_minus_1", channels - 1, 2),
        ):
            target = self.o[name]
            m.d.comb += target.eq(self._at(m, value[:len(target)], cycle, until=last, name=name))
        return {
            ProgramError.WEIGHT_ADDRESS: registered(
                m, outside & self._matmul(m, 9), name="weight_error"),
            ProgramError.PARAMETER_ADDRESS: self._at(m, no_parameters, 3, name="parameter_error"),
        }

    @staticmethod
    def _product(m, a, b, limit, *, name):
        """Return a product, two cycles later, of which only what is up to a limit counts."""
        a, b = (
            registered(m, folded(factor, limit), name=f"{name}_{which}")
            for factor, which in ((a, "a"), (b, "b"))
        )
        return registered(m, a * b, name=name)

    def _matmul(self, m, cycle):
        """Return whether the instruction of `cycle` cycles ago is a MATMUL."""
        opcode = self.i.instruction.opcode
        return delayed(m, opcode == Opcode.MATMUL.value, cycle, name=f"matmul_{cycle}")
