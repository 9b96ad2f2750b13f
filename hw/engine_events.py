"""What an engine tells its counters."""

from amaranth.lib import data

from hw.launcher import StallCause
from hw.result_watch import ResultEvents

__all__ = ["EngineEvents"]


class EngineEvents(data.StructLayout):
    """What happened in a cycle.

    Parameters
    ----------
    config : EngineConfig
        Sizes and formats.
    """

    def __init__(self, config):
        super().__init__({
            "started": 1,           # the first row of a pass was launched
            "stall":   StallCause,  # why no row was
            "results": ResultEvents(
                lanes=config.lanes, accumulator_bits=config.accumulator_bits),
        })
