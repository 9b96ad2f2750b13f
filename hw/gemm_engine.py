"""The GEMM engine: array, accumulators and requantizers between streams."""

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.accumulator_bank import AccumulatorBank
from hw.launcher import Launcher, Pass
from hw.output_buffer import OutputBuffer
from hw.parameter_loader import ParameterLoader
from hw.parameter_word import ParameterWord
from hw.pipeline import delayed
from hw.place import place
from hw.requantizer_lane import RequantizerLane
from hw.skew import Deskew, Skew
from hw.stream_buffer import StreamBuffer
from hw.systolic_array import SystolicArray
from hw.weight_loader import WeightLoader

__all__ = ["GemmEngine"]


class GemmEngine(wiring.Component):
    """Computes `requantize(A · W)` for int8 matrices, a tile of rows × cols weights at a time.

    A pass streams its rows of activations through a tile of weights and sets the accumulators or
    adds to them; the last pass over the reduction axis drains them through the requantizers. So for
    each block of up to `depth` rows of A and each `cols` columns of W: one pass for each `rows`
    rows of W, of which the first does SET, the later ones ADD, and the last does `drain`. (Other
    operations compute other things; see `AccumulateOperation`.)

    Every stream may stall at any cycle and nothing is lost. Passes follow each other without a
    bubble when they have at least `rows` rows (and at least `AccumulatorBank.RECURRENCE`); a pass
    that drains also needs its `cols` parameter words in time.

    Latency from a row of activations to its result is `latency` cycles; throughput one row per
    cycle.

    Parameters
    ----------
    config : EngineConfig
        Sizes, formats and requantization schemes.

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
    """

    ENTRIES = 8
    """Entries of the parameter tables: more than the passes that drain can be under way at once."""

    def __init__(self, config):
        self.config = config
        self.parameter_word = ParameterWord(
            out_format=config.output, acc_bits=config.accumulator_bits
        )
        self._lane = self._make_lane()
        result = data.StructLayout({
            "data": data.ArrayLayout(config.output_shape, config.cols),
            "last": 1,
        })
        weights = data.ArrayLayout(config.weight_shape, config.cols)
        activations = data.ArrayLayout(config.activation_shape, config.rows)
        super().__init__({
            "i_pass":       In(stream.Signature(Pass(depth=config.depth))),
            "i_weight":     In(stream.Signature(weights)),
            "i_activation": In(stream.Signature(activations)),
            "i_parameter":  In(stream.Signature(self.parameter_word.layout)),
            "o":            Out(stream.Signature(result)),
        })

    @property
    def pipeline_latency(self):
        """Cycles from the launch of a row to its result at the output buffer."""
        return (
            Launcher.LATENCY
            + SystolicArray.latency_of(self.config)
            + AccumulatorBank.OUTPUT_AFTER
            + self._lane.latency
            + self.config.cols - 1
        )

    @property
    def latency(self):
        """Cycles from a row of activations to its result, if neither waits."""
        return StreamBuffer.LATENCY + self.pipeline_latency + OutputBuffer.LATENCY

    @property
    def buffer_depth(self):
        """Results under way and buffered: those of the pipeline and of the way back of the room."""
        return 1 << (self.pipeline_latency + OutputBuffer.LATENCY + 1).bit_length()

    def elaborate(self, platform):
        m = Module()
        config = self.config

        m.submodules.launcher = launcher = Launcher(
            config, entries=self.ENTRIES, flush=self.pipeline_latency
        )
        m.submodules.weights = weights = WeightLoader(config)
        m.submodules.parameters = parameters = ParameterLoader(
            self.parameter_word.layout, cols=config.cols, entries=self.ENTRIES
        )
        m.submodules.output = output = OutputBuffer(self.o.payload.shape(), depth=self.buffer_depth)
        self._buffer_inputs(m, {
            "pass": launcher.i_pass, "activation": launcher.i_activation,
            "weight": weights.i, "parameter": parameters.i,
        })
        m.d.comb += [
            launcher.i_weights_loaded.eq(weights.o_loaded),
            weights.i_swap.eq(launcher.o_swap),
            launcher.i_entry_loaded.eq(parameters.o_loaded),
            launcher.i_entry.eq(parameters.o_entry),
            parameters.i_take.eq(launcher.o_take_entry),
            launcher.i_room.eq(output.o_room),
            output.i_take_room.eq(launcher.o_take_room),
        ]

        sums = self._connect_array(m, platform, launcher, weights)
        results, last = self._connect_columns(m, platform, launcher.o_control, sums, parameters)

        # What is left of the work before a reset comes out while the launcher is not running yet.
        row_done = Signal()
        m.d.comb += [
            row_done.eq(results[-1].o_valid & launcher.o_running),
            parameters.i_free.eq(row_done & last),
            output.i_valid.eq(row_done),
            output.i_payload.last.eq(last),
        ]
        m.submodules.deskew = deskew = Deskew(config.output_shape, lanes=config.cols)
        for c, result in enumerate(results):
            m.d.comb += [deskew.i[c].eq(result.o_value), output.i_payload.data[c].eq(deskew.o[c])]
        wiring.connect(m, output.o, wiring.flipped(self.o))

        return m

    def _make_lane(self):
        return RequantizerLane(
            schemes=self.config.schemes,
            entries=self.ENTRIES,
            out_format=self.config.output,
            acc_bits=self.config.accumulator_bits,
        )

    def _buffer_inputs(self, m, readers):
        """Put a buffer between each input stream and its reader."""
        for name, reader in readers.items():
            port = getattr(self, f"i_{name}")
            m.submodules[f"{name}_buffer"] = buffer = StreamBuffer(port.payload.shape())
            wiring.connect(m, wiring.flipped(port), buffer.i)
            wiring.connect(m, buffer.o, reader)

    def _connect_array(self, m, platform, launcher, weights):
        """Connect the array with its skews, and return its sums."""
        config = self.config
        step = data.StructLayout({"activation": config.group_layout, "swap": 1})
        m.submodules.activation_skew = activation_skew = Skew(step, lanes=config.groups)
        m.submodules.weight_skew = weight_skew = Skew(config.weight_shape, lanes=config.cols)
        array = place(m, platform, "array", lambda: SystolicArray(config), module="array")

        for g in range(config.groups):
            m.d.comb += [
                activation_skew.i[g].activation.eq(launcher.o_activation[g]),
                activation_skew.i[g].swap.eq(launcher.o_first),
                array.i_activation[g].eq(activation_skew.o[g].activation),
                array.i_swap[g].eq(activation_skew.o[g].swap),
            ]
        m.d.comb += [
            weight_skew.i.eq(weights.o_weight),
            array.i_weight.eq(weight_skew.o),
            array.i_load.eq(weights.o_load),
        ]
        return array.o_sum

    def _connect_columns(self, m, platform, control, sums, parameters):
        """Connect the columns' banks and requantizers; return the outputs and `last`."""
        ahead = SystolicArray.latency_of(self.config) - AccumulatorBank.SUM_AFTER
        control = delayed(m, control, ahead, name="control")

        results = []
        for c in range(self.config.cols):
            bank = place(
                m, platform, f"bank_{c}",
                lambda: AccumulatorBank(self.config, entries=self.ENTRIES), module="bank",
            )
            lane = place(
                m, platform, f"lane_{c}",
                self._make_lane if c else lambda: self._lane, module="lane",
            )
            m.d.comb += [
                bank.i_control.eq(control),
                bank.i_sum.eq(sums[c]),
                lane.i_valid.eq(bank.o_valid),
                lane.i_index.eq(bank.o_entry),
                lane.i_acc.eq(bank.o_acc),
                lane.write_en.eq(parameters.o_write[c]),
                lane.write_index.eq(parameters.o_write_entry),
                lane.write_word.eq(parameters.o_write_word),
            ]
            control = bank.o_control
            results.append(lane)
        return results, delayed(m, bank.o_last, self._lane.latency, name="last")
