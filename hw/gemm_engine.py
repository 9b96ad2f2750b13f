"""The GEMM engine: array, accumulators and requantizers between streams."""

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.array_wiring import add_array, add_banks
from hw.column_lanes import ColumnLanes
from hw.drainer import Drainer
from hw.engine_events import EngineEvents
from hw.engine_timing import EngineTiming
from hw.launcher import Launcher
from hw.output_buffer import OutputBuffer
from hw.parameter_loader import ParameterLoader
from hw.parameter_word import ParameterWord
from hw.pass_buffer import Pass
from hw.pipeline import delayed, registered
from hw.stock import Outlook
from hw.stream_buffer import StreamBuffer
from hw.weight_loader import WeightLoader

__all__ = ["GemmEngine"]

_ALWAYS = Outlook().const({"now": 1, "if_kept": 1, "if_taken": 1})


class GemmEngine(wiring.Component):
    """Computes `requantize(A · W)` for int8 matrices, a tile of rows × cols weights at a time.

    A pass streams its rows of activations through a tile of weights and sets the accumulators or
    adds to them; the last pass over the reduction axis drains them through the requantizers. So for
    each block of up to `depth` rows of A and each `cols` columns of W: one pass for each `rows`
    rows of W, of which the first does SET, the later ones ADD, and the last does `drain`. (Other
    operations compute other things; see `AccumulateOperation`.)

    Every stream may stall at any cycle and nothing is lost. Passes follow each other without a
    bubble when they have at least `rows` rows (and at least `AccumulatorBank.RECURRENCE`); a pass
    that drains also needs its `cols` parameter words in time. With requantizers that serve several
    columns each, accumulators are drained while the next ones are filled; that takes as many cycles
    a row, so fewer passes to a drain than that leave bubbles.

    Latency from a row of activations to its result is `latency` cycles (with shared requantizers:
    of the last row of a pass to the first result); throughput one row per cycle.

    Parameters
    ----------
    config : EngineConfig
        Sizes, formats and requantization schemes.
    entries : int, optional
        Passes that drain and are under way at once: entries of the parameter tables, a power of
        two. Fewer than `entries_of(config)` may leave bubbles.

    Members
    -------
    i_pass : In(stream.Signature(Pass))
        Passes, in order.
    i_weight : In(stream.Signature(ArrayLayout(signed, cols)))
        For each pass, `rows` beats: the rows of its tile of weights.
    i_activation : In(stream.Signature(ArrayLayout(signed, rows)))
        For each pass, its rows of activations.
    i_parameter : In(stream.Signature(ParameterWord))
        For each pass that drains, `cols` beats: the parameters of its output channels.
    o : Out(stream.Signature({data: ArrayLayout(signed, cols), last: 1}))
        For each pass that drains, its rows of results, and whether it is the last one.
    o_events : Out(EngineEvents)
        What happened, for counters: with a row's last result at `o` all has been told of it. Only
        with `config.statistics`.
    """

    def __init__(self, config, *, entries=None):
        self.config = config
        self.entries = self.entries_of(config) if entries is None else entries
        self.parameter_word = ParameterWord(
            out_format=config.output, acc_bits=config.accumulator_bits
        )
        self._lanes = ColumnLanes(config, entries=self.entries)
        timing = EngineTiming(config, lanes=self._lanes.latency)
        # What each is stands in `EngineTiming`.
        self.latency = timing.total
        self.pipeline_latency = timing.pipeline
        self.filled_after = timing.filled
        self.buffer_depth = timing.results
        result = data.StructLayout({
            "data": data.ArrayLayout(config.output_shape, config.cols),
            "last": 1,
        })
        weights = data.ArrayLayout(config.weight_shape, config.cols)
        activations = data.ArrayLayout(config.activation_shape, config.rows)
        members = {
            "i_pass":       In(stream.Signature(Pass(depth=config.depth))),
            "i_weight":     In(stream.Signature(weights)),
            "i_activation": In(stream.Signature(activations)),
            "i_parameter":  In(stream.Signature(self.parameter_word.layout)),
            "o":            Out(stream.Signature(result)),
        }
        if config.statistics:
            members["o_events"] = Out(EngineEvents(config))
        super().__init__(members)

    @staticmethod
    def entries_of(config):
        """Entries of parameters that keep the engine busy.

        With one bank a pass may begin to drain every few cycles. With two no more than two of them
        drain, and tables have a word for each column of a lane.
        """
        return 16 if config.banks == 1 else 8

    def elaborate(self, platform):
        m = Module()
        config = self.config

        m.submodules.launcher = launcher = Launcher(
            config,
            entries=self.entries,
            flush=self.pipeline_latency + ColumnLanes.EVENTS_AFTER * config.statistics,
        )
        m.submodules.weights = weights = WeightLoader(config)
        m.submodules.parameters = parameters = ParameterLoader(
            self.parameter_word.layout, cols=config.cols, lanes=config.lanes, entries=self.entries
        )
        m.submodules.lanes = lanes = self._lanes
        m.submodules.output = output = OutputBuffer(
            self.o.payload.shape(), depth=self.buffer_depth, at_output=False)
        wiring.connect(m, wiring.flipped(self.i_pass), launcher.i_pass)
        self._buffer_inputs(m, {
            "activation": launcher.i_activation, "weight": weights.i, "parameter": parameters.i,
        })
        m.d.comb += [
            launcher.i_tile.eq(weights.o_outlook),
            weights.i_swap.eq(launcher.o_swap),
            lanes.i_write.eq(parameters.o_write),
            lanes.i_write_index.eq(parameters.o_write_index),
            lanes.i_write_word.eq(parameters.o_write_word),
        ]

        drain = self._add_drain(m, launcher, parameters, output)
        sums = add_array(
            m, platform, config,
            activation=launcher.o_activation, first=launcher.o_first,
            weight=weights.o_weight, load=weights.o_load,
        )
        add_banks(
            m, platform, config,
            entries=self.entries, control=launcher.o_control, sums=sums, drained=lanes.i_drained,
            drain=drain.o_control if config.banks > 1 else None,
        )
        self._connect_output(m, launcher, parameters, lanes, output)
        return m

    def _add_drain(self, m, launcher, parameters, output):
        """Return what takes parameters and room for what is drained: the launcher, or a drainer."""
        drain = launcher
        if self.config.banks > 1:
            m.submodules.drainer = drain = Drainer(self.config, entries=self.entries)
            self._connect_drainer(m, launcher, drain)
            m.d.comb += [
                drain.i_entry_loaded.eq(parameters.o_loaded),
                drain.i_room.eq(output.o_room),
            ]
        else:
            m.d.comb += [
                launcher.i_parameters.eq(parameters.o_outlook),
                launcher.i_room.eq(output.o_outlook),
                launcher.i_bank.eq(_ALWAYS),
            ]
        m.d.comb += [
            drain.i_entry.eq(parameters.o_entry),
            parameters.i_take.eq(drain.o_take_entry),
            output.i_take_room.eq(drain.o_take_room),
        ]
        return drain

    def _connect_output(self, m, launcher, parameters, lanes, output):
        """Work from before a reset comes out while the launcher is not running yet."""
        m.d.comb += [
            lanes.i_running.eq(self._has_run(m, launcher, name="completes")),
            parameters.i_free.eq(lanes.o_last),
            output.i_valid.eq(lanes.o_valid),
            output.i_payload.last.eq(lanes.o_last),
            output.i_payload.data.eq(lanes.o_data),
        ]
        wiring.connect(m, output.o, wiring.flipped(self.o))
        if self.config.statistics:
            self._tell_events(m, launcher, lanes.o_events)

    @staticmethod
    def _has_run(m, launcher, *, name):
        """Return whether the launcher was running a cycle ago, for who is far away from it.

        Nothing that it launches comes out in its first cycles. It is reset with the launcher, and
        synthesis does not make one register of several.
        """
        has_run = Signal(name=name, attrs={"keep": 1})
        m.d.sync += has_run.eq(launcher.o_running)
        return has_run

    def _tell_events(self, m, launcher, results):
        """Tell what happened, except in work from before a reset."""
        # A reset of the counters' registers, so it is what holds while nothing counts.
        hidden = Signal(init=1, attrs={"keep": 1})
        m.d.sync += hidden.eq(~launcher.o_running)
        told = self.o_events.results
        m.d.comb += [
            self.o_events.started.eq(registered(m, launcher.o_swap, name="started")),
            self.o_events.stall.eq(launcher.o_stall),
            told.under.eq(Mux(hidden, 0, results.under)),
            told.over.eq(Mux(hidden, 0, results.over)),
            told.tied.eq(Mux(hidden, 0, results.tied)),
            told.peak.eq(Mux(hidden, 0, results.peak.as_value())),
        ]

    def _connect_drainer(self, m, launcher, drainer):
        """Connect the drainer with the launcher, which needs neither parameters nor room then."""
        filled = delayed(m, launcher.o_pass_end, self.filled_after, name="filled")
        m.d.comb += [
            launcher.i_parameters.eq(_ALWAYS),
            launcher.i_room.eq(_ALWAYS),
            launcher.i_bank.eq(drainer.o_bank),
            drainer.i_take_bank.eq(launcher.o_take_bank),
            drainer.i_pass.eq(launcher.o_pass_end),
            drainer.i_rows_minus_1.eq(launcher.o_rows_minus_1),
            drainer.i_filled.eq(filled & self._has_run(m, launcher, name="fills")),
        ]

    def _buffer_inputs(self, m, readers):
        """Put a buffer between each input stream and its reader."""
        for name, reader in readers.items():
            port = getattr(self, f"i_{name}")
            m.submodules[f"{name}_buffer"] = buffer = StreamBuffer(
                port.payload.shape(), in_memory=name == "parameter")
            wiring.connect(m, wiring.flipped(port), buffer.i)
            wiring.connect(m, buffer.o, reader)
