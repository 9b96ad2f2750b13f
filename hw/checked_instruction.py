"""Instructions that were checked, with what was computed from them."""

from amaranth.hdl import *
from amaranth.lib import data
from amaranth.utils import bits_for

from golden.program_error import ProgramError
from hw.narrow_instruction import NarrowInstruction
from hw.pass_generator import PassRun
from hw.word_reader import WordRun

__all__ = ["CheckResult", "CheckedInstruction"]


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
            "runs":              1,                            # it is for the units, and legal
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
            "runs":        1,                               # it is for the units, and legal
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
            checked.runs.eq(result.runs),
            weights.address.eq(word.weight_address),
            weights.words_minus_1.eq(result.weights_minus_1),
            parameters.address.eq(word.parameter_address),
            parameters.words_minus_1.eq(result.parameters_minus_1),
            *(passes[name].eq(word[name]) for name in ("first", "rest", "drain")),
            *(passes[name].eq(result[name])
              for name in ("tiles_minus_1", "passes_minus_1", "rows_minus_1")),
        ]
