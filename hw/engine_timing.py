"""The latencies of a GEMM engine, from those of its parts."""

from dataclasses import dataclass

from hw.accumulator_bank import AccumulatorBank
from hw.accumulator_bank_pair import AccumulatorBankPair
from hw.config import EngineConfig
from hw.drainer import Drainer
from hw.launcher import Launcher
from hw.output_buffer import OutputBuffer
from hw.stream_buffer import StreamBuffer
from hw.systolic_array import SystolicArray

__all__ = ["EngineTiming"]


@dataclass(frozen=True)
class EngineTiming:
    """Cycles between what happens to a row of a `hw.gemm_engine.GemmEngine`.

    Parameters
    ----------
    config : EngineConfig
        Of the engine.
    lanes : int
        Latency of its `ColumnLanes`.
    """

    config: EngineConfig
    lanes: int

    @property
    def pipeline(self):
        """Cycles from the launch of a row to its result at the output buffer.

        With shared requantizers: of the last row of a pass to the first result.
        """
        if self.config.banks == 1:
            to_lanes = Launcher.LATENCY + self._array + AccumulatorBank.OUTPUT_AFTER
        else:
            to_lanes = self.filled + Drainer.LATENCY + AccumulatorBankPair.DRAIN_LATENCY
        return to_lanes + self.lanes

    @property
    def total(self):
        """Cycles from a row of activations to its result, if neither waits."""
        return StreamBuffer.LATENCY + self.pipeline + OutputBuffer.LATENCY

    @property
    def filled(self):
        """Cycles from the launch of a row until the `Drainer` may be told that it is written."""
        ahead = self._array - AccumulatorBankPair.SUM_AFTER
        # The control is on its way as long as that of the drain, except for the drainer's latency.
        return Launcher.LATENCY + ahead + AccumulatorBankPair.RECURRENCE - Drainer.LATENCY

    @property
    def results(self):
        """Results under way and buffered: those of the pipeline and of the way back of the room."""
        cycles = self.pipeline + OutputBuffer.LATENCY + OutputBuffer.RETURN - 1
        if self.config.banks > 1:
            cycles -= self.filled
        return 1 << (-(-cycles // self.config.lane_columns)).bit_length()

    @property
    def _array(self):
        return SystolicArray.latency_of(self.config)
