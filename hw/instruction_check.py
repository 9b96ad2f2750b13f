"""Checks instructions, and computes what the units need and no field has."""

from functools import partial, reduce
from operator import or_

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from golden.program_error import ProgramError
from hw.checked_instruction import CheckResult
from hw.folded import exceeds, folded, folded_bits, some_of
from hw.held_values import HeldValues
from hw.instruction import INSTRUCTION, Opcode
from hw.instruction_fetch import FetchedBeat, InstructionFetch
from hw.multiplier import Multiplier
from hw.multiplier_kind import MultiplierKind

__all__ = ["InstructionCheck"]

_BEATS, _BEAT_BITS = InstructionFetch.BEATS, InstructionFetch.BEAT_BITS


class InstructionCheck(wiring.Component):
    """Finds the first cause, in the order of `ProgramError`, for which an instruction is illegal.

    Addresses of activations and outputs are not among them: the units that use them check them.
    Of a `HALT` only the opcode and the reserved bits are looked at.

    The instruction itself is not passed on: it can wait elsewhere, in cheaper bits than registers.

    No flow control. Latency from the last beat of an instruction is `LATENCY` cycles; throughput
    one beat per cycle.

    Parameters
    ----------
    config : AcceleratorConfig
        Sizes of the memories.

    Members
    -------
    i : In(FetchedBeat)
        The beats of an instruction, in neighbouring cycles.
    o_valid : Out(1)
        There is a result.
    o : Out(CheckResult)
        What was found out.
    """

    _PRODUCT = Multiplier.LATENCY + 1
    """Cycles from factors to their product."""

    # From the last beat, which is two behind that of the counts: three products of which each is a
    # factor of the next, the words, their end, whether that is outside, whether that counts, and
    # the first cause.
    LATENCY = -1 + 3 * _PRODUCT + 5

    def __init__(self, config):
        self.config = config
        super().__init__({
            "i":       In(FetchedBeat(instructions=config.instructions)),
            "o_valid": Out(1),
            "o":       Out(CheckResult(config)),
        })

    def elaborate(self, platform):
        m = Module()

        # Cycles are counted from that of the last beat.
        arrivals = {n + 1 - _BEATS: self.i.arrives[n] for n in range(_BEATS)}
        self._values = values = HeldValues(m, arrivals, pitch=_BEATS)
        m.d.comb += self.o_valid.eq(values.token(self.LATENCY))
        self._matmul = self._field("opcode", lambda value: value == Opcode.MATMUL.value)
        self._drain = self._field("drain")

        illegal = self._check_fields() | self._check_rows(m) | self._check_runs(m)
        self._conclude(m, illegal)
        return m

    def _conclude(self, m, illegal):
        """Find the first cause, and whether there is none.

        One is known last; of those before and behind it the first ones are found a cycle earlier.
        """
        values = self._values
        late = max(illegal, key=lambda error: illegal[error].since)
        sides = [[error for error in illegal if error < late],
                 [error for error in illegal if error > late]]
        before, behind = (
            values.at(values.made(
                partial(self._first, side), *(illegal[error] for error in side), name="first_cause",
            ), self.LATENCY - 1) for side in sides)
        is_late, matmul = (
            values.at(held, self.LATENCY - 1) for held in (illegal[late], self._matmul))
        self._put(m, "error", Mux(before != 0, before, Mux(is_late, late.value, behind)))
        self._put(m, "runs", matmul & ~is_late & ~(before | behind).any())

    def _first(self, errors, *found):
        """Return the first of some causes that is so, or 0."""
        code = Const(0, len(self.o.error))
        for error, is_so in sorted(zip(errors, found, strict=True), reverse=True):
            code = Mux(is_so, error.value, code)
        return code

    def _put(self, m, name, value):
        """Put out a value of the cycle before the last."""
        held = self._values.load(value[:len(self.o[name])], self.LATENCY - 1, name=name)
        m.d.comb += self.o[name].eq(held.value)

    def _field(self, name, of=lambda value: value):
        """Return a function of a field."""
        beat, low = divmod(INSTRUCTION[name].offset, _BEAT_BITS)
        bits = self.i.data[low:low + INSTRUCTION[name].bits]
        return self._values.load(of(bits), beat + 1 - _BEATS, name=name)

    def _any(self, found, *, name, only=()):
        """Return whether one of several things is so, if all of some others are."""
        def some(*values):
            conditions = Cat(values[len(found):])
            return reduce(or_, values[:len(found)]) & conditions.all()
        return self._values.made(some, *found, *only, name=name)

    def _check_fields(self):
        """Return the causes that single fields show, but for counts."""
        cols, size, matmul = self.config.engine.cols, self.config.activation_bytes, self._matmul
        is_halt = self._field("opcode", lambda value: value == Opcode.HALT.value)
        unknown = self._values.made(
            lambda *known: ~Cat(known).any(), matmul, is_halt, name="unknown")
        widths = [
            self._field(name, lambda value: (value == 0) | (value > cols))
            for name in ("width", "last_width")
        ]
        starts = [self._start(name, size) for name in ("x_start", "y_start")]
        extents = [
            self._values.made(lambda value: value > size, self._field(name), name=name)
            for name in ("row_bytes", "image_rows")
        ]
        masks = [
            (INSTRUCTION.reserved >> beat * _BEAT_BITS) & ((1 << _BEAT_BITS) - 1)
            for beat in range(_BEATS)
        ]
        reserved = [self._reserved(beat, mask) for beat, mask in enumerate(masks) if mask]
        return {
            ProgramError.PROGRAM_ADDRESS: self._values.load(self.i.outside, 0, name="outside"),
            ProgramError.OPCODE: unknown,
            ProgramError.RESERVED: self._any(reserved, name="reserved"),
            ProgramError.WIDTH: self._any(widths, only=[matmul, self._drain], name="wrong_width"),
            ProgramError.IMAGE: self._any([*starts, *extents], only=[matmul], name="wrong_image"),
        }

    def _start(self, name, size):
        """Return whether a start is not from -size to size - 1.

        That is, whether it, or without a sign -1 - start, is above size - 1. Bits that are then 0
        are looked at by threes first, with the sign that chooses.
        """
        near = bits_for(size - 1)

        def shortened(value):
            chosen = Mux(value[-1], ~value, value)[:-1]
            some = (chosen[n:n + 3].any() for n in range(near, len(chosen), 3))
            return Cat(chosen[:near], *some)
        short = self._field(name, shortened)
        return self._values.made(lambda value: exceeds(value, size - 1), short, name=name)

    def _reserved(self, beat, mask):
        """Return whether one of the bits of a mask is 1 in a beat."""
        bits = [self.i.data[n] for n in range(_BEAT_BITS) if mask >> n & 1]
        some = self._values.load(some_of(bits), beat + 1 - _BEATS, name="some_reserved")
        return self._values.made(lambda some: some.any(), some, name="reserved")

    def _check_rows(self, m):
        """Compute the rows of a pass."""
        depth, made = self.config.engine.depth, self._values.made
        factors = [
            self._field(name, lambda value: folded(value, depth)) for name in ("rows_y", "rows_x")]
        self._row_counts = factors
        rows = self._product(m, factors, depth, name="rows")
        above = made(lambda rows: rows > depth, rows, name="above")
        last = made(lambda rows: rows - 1, rows, name="rows_minus_1")
        self._put(m, "rows_minus_1", self._values.at(last, self.LATENCY - 1))
        return {ProgramError.ROWS: self._any([above], only=[self._matmul], name="wrong_rows")}

    def _check_runs(self, m):
        """Compute passes and runs of words."""
        config, made = self.config, self._values.made
        engine, limit = config.engine, config.passes
        steps = [
            self._field(name, lambda value: folded(value, limit))
            for name in ("steps_ky", "steps_kx", "steps_kc")
        ]
        most = max(limit, config.parameter_words // engine.cols)
        tiles = self._field("tiles_n", lambda value: folded(value, most))
        zeros = [
            made(lambda count: count == 0, count, name="zero")
            for count in (*self._row_counts, *steps, tiles)
        ]

        kernel = self._product(m, steps[:2], limit, name="kernel")
        tile = self._product(m, (kernel, steps[2]), limit, name="tile")
        passes = self._product(m, (tile, tiles), limit, name="passes")
        words = made(lambda passes: passes * engine.rows, passes, name="words")
        channels = made(lambda tiles: tiles * engine.cols, tiles, name="channels")
        for name, count in (
            ("passes_minus_1", tile), ("tiles_minus_1", tiles), ("weights_minus_1", words),
            ("parameters_minus_1", channels),
        ):
            shape = self.o[name].shape()
            last = made(lambda count, bits=shape.width: (count - 1)[:bits], count, name=name)
            self._put(m, name, self._values.at(last, self.LATENCY - 1))
        return {
            ProgramError.COUNT: self._any(zeros, only=[self._matmul], name="wrong_count"),
            ProgramError.WEIGHT_ADDRESS: self._outside(
                words, "weight_address", config.weight_words, only=[self._matmul]),
            ProgramError.PARAMETER_ADDRESS: self._outside(
                channels, "parameter_address", config.parameter_words,
                only=[self._matmul, self._drain]),
        }

    def _outside(self, words, name, size, *, only):
        """Return whether words from an address on leave a memory."""
        bits = folded_bits(size) - 1  # of many more, some are looked at in a cycle of their own
        address = self._values.made(
            lambda value: folded(value, size),
            self._field(name, lambda value: Cat(value[:bits], some_of(value[bits:]))), name=name)
        end = self._values.made(lambda *parts: sum(parts), words, address, name=f"{name}_end")
        outside = self._values.made(lambda end: end > size, end, name=f"{name}_outside")
        return self._any([outside], only=only, name=f"wrong_{name}")

    def _product(self, m, factors, limit, *, name):
        """Return a product of which only what is up to a limit counts, `_PRODUCT` cycles later."""
        kind = self.config.engine.multiplier
        cycle = max(factor.since for factor in factors)
        a, b = (self._values.at(factor, cycle) for factor in factors)
        if kind is MultiplierKind.ECP5 and max(len(a), len(b)) < kind.max_bits:
            multiplier = Multiplier(a.shape(), b.shape(), kind=kind, holds_b=False)
            m.submodules[name] = multiplier
            m.d.comb += [multiplier.a.eq(a), multiplier.b.eq(b)]
            product = multiplier.o
        else:
            # The factors stay as long.
            product = a * b
        return self._values.load(folded(product, limit), cycle + self._PRODUCT - 1, name=name)
