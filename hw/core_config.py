"""What the configurations of both accelerators have in common."""

from dataclasses import dataclass

from amaranth.lib import data

from golden.formats import INT8
from hw.config import EngineConfig
from hw.parameter_word import ParameterWord

__all__ = ["CoreConfig"]


@dataclass(frozen=True)
class CoreConfig:
    """An engine, the words that its memories hold, and how sizes are checked.

    Parameters
    ----------
    engine : EngineConfig
        The engine.
    """

    engine: EngineConfig

    @property
    def parameter_word(self):
        """Layout of a word of the parameter memory: an output channel."""
        engine = self.engine
        return ParameterWord(out_format=engine.output, acc_bits=engine.accumulator_bits)

    @property
    def weight_row(self):
        """Layout of a word of the weight memory: a row of a tile."""
        return data.ArrayLayout(self.engine.weight_shape, self.engine.cols)

    def _check_engine(self, owner, *streams):
        """Check that it is an engine, and streams int8, by name."""
        if not isinstance(self.engine, EngineConfig):
            raise TypeError(f"engine must be an EngineConfig, not {self.engine!r}")
        for name in streams:
            number_format = getattr(self.engine, name)
            if number_format != INT8:
                raise ValueError(f"{name} of {owner}'s engine must be int8, not {number_format}")

    def _check_sizes(self, *sizes):
        """Check sizes: name, smallest and largest value, and what it must be a multiple of."""
        for name, low, high, multiple in sizes:
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool):
                raise TypeError(f"{name} must be an integer, not {value!r}")
            if not low <= value <= high:
                raise ValueError(f"{name} must be from {low} to {high}, not {value}")
            if value % multiple:
                raise ValueError(f"{name} must be a multiple of {multiple}, not {value}")
