"""Runs through the tiles, passes and rows of a GEMM job."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.accumulator_bank import AccumulateControl, AccumulatorBank
from hw.instruction import AccumulateOperation
from hw.pipeline import named, registered

__all__ = ["GemmWork", "JobSteps"]


class GemmWork(data.StructLayout):
    """A job of `hw.gemm_job.JOB`, its fields as wide as the hardware needs them.

    Parameters
    ----------
    config : GemmAcceleratorConfig
        Sizes of the memories.
    """

    def __init__(self, config):
        tiles = max(2, config.weight_words // config.engine.rows)
        super().__init__({
            "rows_minus_1":       range(config.engine.depth),
            "tiles_minus_1":      range(tiles),
            "steps_minus_1":      range(tiles),
            "activation_address": range(config.activation_words),
            "weight_address":     range(config.weight_words),
            "entry":              range(config.parameter_entries),
        })


class JobSteps(wiring.Component):
    """Says in every cycle what the memories read and what the engine does with it.

    The passes of a tile follow each other, and the tiles. A pass has its rows of activations, one a
    cycle, or if it drains one in `lane_columns` cycles, and takes at least `pass_cycles`: the tile
    of weights of the next pass is loaded meanwhile. That of the first one is loaded before it.

    No flow control. Latency from `i_start` to the address of the first row is `LATENCY` cycles and
    `pass_cycles`; what the engine is told comes `READ_LATENCY` cycles after the addresses, when the
    memories' words are there.

    Parameters
    ----------
    config : GemmAcceleratorConfig
        The engine and the sizes of the memories.

    Members
    -------
    i_start : In(1)
        A job begins. Only when all rows of the one before are gone.
    i_job : In(GemmWork)
        The job; it stays.
    o_activation_address, o_weight_address : Out(...)
        The words that are read.
    o_first, o_control, o_load : Out(...)
        For `StepEngine`; `last` is set with the last row of the job.
    """

    LATENCY = 1
    READ_LATENCY = 1

    def __init__(self, config):
        self.config = config
        engine = config.engine
        super().__init__({
            "i_start":              In(1),
            "i_job":                In(GemmWork(config)),
            "o_activation_address": Out(range(config.activation_words)),
            "o_weight_address":     Out(range(config.weight_words)),
            "o_first":              Out(1),
            "o_control":            Out(AccumulateControl(
                depth=engine.depth, entries=config.parameter_entries)),
            "o_load":               Out(engine.groups),
        })

    @staticmethod
    def pass_cycles(config):
        """Cycles that a pass takes at least."""
        return max(config.engine.rows, AccumulatorBank.RECURRENCE, 2)

    def elaborate(self, platform):
        m = Module()
        job = self.i_job
        active = Signal()
        loads_first = Signal()  # the first tile is loaded, and nothing else done
        resting = Signal()      # behind the last row of a pass
        row, step, tile = (
            Signal.like(job[name], name=name[:-len("s_minus_1")])
            for name in ("rows_minus_1", "steps_minus_1", "tiles_minus_1"))
        begun = Signal(range(self.pass_cycles(self.config)))  # cycles since, up to the least
        pause = Signal(range(max(2, self.config.engine.lane_columns)))
        drains = named(m, step == job.steps_minus_1, name="drains")
        last_row = named(m, row == job.rows_minus_1, name="last_row")
        last_tile = named(m, tile == job.tiles_minus_1, name="last_tile")

        # A row takes a cycle, or in a pass that drains one for each column of a lane.
        row_ends = named(
            m, ~drains | (pause == self.config.engine.lane_columns - 1), name="row_ends")
        is_long = begun == self.pass_cycles(self.config) - 1
        rows_end = named(m, resting | (row_ends & last_row), name="rows_end")
        launch = named(m, active & ~resting & (pause == 0), name="launch")
        ends = named(m, active & rows_end & is_long, name="ends")
        begins = named(m, self.i_start | ends, name="begins")
        tile_ends = named(m, ends & drains & ~loads_first, name="tile_ends")

        m.d.sync += begun.eq(Mux(begins, 0, Mux(is_long, begun, begun + 1)))
        m.d.sync += resting.eq(self.i_start | (rows_end & ~ends))
        with m.If(begins):
            m.d.sync += [loads_first.eq(self.i_start), active.eq(~(tile_ends & last_tile))]
        with m.If(begins | row_ends):
            m.d.sync += [row.eq(Mux(begins | resting, 0, row + 1)), pause.eq(0)]
        with m.Else():
            m.d.sync += pause.eq(pause + 1)
        with m.If(self.i_start | (ends & ~loads_first)):
            m.d.sync += step.eq(Mux(self.i_start | drains, 0, step + 1))
        with m.If(self.i_start | tile_ends):
            m.d.sync += tile.eq(Mux(self.i_start, 0, tile + 1))

        self._load(m, begins, begun)
        self._address(m, launch, tile_ends)
        control = self._control(m, tile_ends)
        m.d.comb += [
            control.valid.eq(launch),
            control.row.eq(row),
            control.operation.eq(
                Mux(step == 0, AccumulateOperation.SET, AccumulateOperation.ADD)),
            control.drain.eq(drains),
            control.last.eq(drains & last_row & last_tile),
        ]
        m.d.sync += self.o_first.eq(launch & (row == 0))
        return m

    def _load(self, m, begins, begun):
        """Read a tile of weights from the cycle on in which a pass begins."""
        engine = self.config.engine
        loading = Signal()
        address = self.o_weight_address
        m.d.sync += loading.eq(begins | (loading & (begun != engine.rows - 1)))
        with m.If(self.i_start):
            m.d.sync += address.eq(self.i_job.weight_address)
        with m.Elif(loading):
            m.d.sync += address.eq((address + 1)[:len(address)])
        for g in range(engine.groups):
            m.d.sync += self.o_load[g].eq(loading & (begun // engine.group == g))

    def _address(self, m, launch, tile_ends):
        """Read the activations, for every tile from the first one on."""
        address = self.o_activation_address
        with m.If(self.i_start | tile_ends):
            m.d.sync += address.eq(self.i_job.activation_address)
        with m.Elif(launch):
            m.d.sync += address.eq((address + 1)[:len(address)])

    def _control(self, m, tile_ends):
        """Return what is done with the activations that are read, but for the parameters."""
        control = Signal(self.o_control.shape())
        entry = Signal.like(self.i_job.entry)
        with m.If(self.i_start | tile_ends):
            m.d.sync += entry.eq(Mux(self.i_start, self.i_job.entry, entry + 1)[:len(entry)])
        m.d.comb += [
            control.entry.eq(entry),
            self.o_control.eq(registered(m, control, name="control")),
        ]
        return control
