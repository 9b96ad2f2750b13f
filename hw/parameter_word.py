"""The word of parameters that a requantizer has for an output channel."""

from dataclasses import dataclass

from amaranth.hdl import Shape, signed
from amaranth.lib import data, enum

from golden.formats import INT8
from golden.rounding import Rounding
from golden.scheme import Scheme
from hw.round_shift import TieCode

__all__ = ["ParameterWord", "Parameters", "SchemeCode"]

_MULTIPLIER_BITS = 24
_NORMALIZED = 1 << (_MULTIPLIER_BITS - 1)


class SchemeCode(enum.Enum, shape=2):
    """The scheme, as hardware is told. The low bit says that the product is exact."""

    FLOAT32 = 0
    FIXED = 1
    SHIFT = 3

    @property
    def scheme(self):
        """The scheme of that name."""
        return Scheme[self.name]


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """Parameters of an output channel: the scale is `multiplier * 2**-shift`.

    The multiplier is in [2**23, 2**24), or 0. With `Scheme.SHIFT` it is None, the scale is
    `2**-shift` and the shift from 0 to 31.
    """

    scheme: Scheme
    bias: int
    multiplier: int | None
    shift: int
    tie: Rounding = Rounding.HALF_EVEN
    zero_point: int = 0
    low: int
    high: int


class ParameterWord:
    """Layout and encoding of the parameter word.

    `bias`, `multiplier`, `zero_point`, `low`, `high` stand as they are, `scheme` and `tie` as
    codes. In place of the shift stands `shift - shift_offset`, brought into `shift_range`: below it
    every accumulator but 0 saturates, above it every one becomes 0. So any shift is legal and
    exact. A multiplier of 0 becomes 2**23 with the largest shift. SHIFT is FIXED with a multiplier
    of 2**23.

    Parameters
    ----------
    out_format : IntegerFormat
        Format of the output: signed, from 2 to 16 bits. An unsigned 8-bit output goes as a signed
        one with 128 subtracted from zero point and bounds.
    acc_bits : int
        Width of accumulator and bias, from 16 to 32.
    """

    SHIFT_BITS = 6

    def __init__(self, *, out_format=INT8, acc_bits=32):
        if not out_format.signed or not 2 <= out_format.bits <= 16:
            raise ValueError(f"out_format must be signed, from 2 to 16 bits, not {out_format}")
        if not 16 <= acc_bits <= 32:
            raise ValueError(f"acc_bits must be from 16 to 32, not {acc_bits}")
        self.out_format = out_format
        self.acc_bits = acc_bits
        self.layout = data.StructLayout({
            "bias":       signed(acc_bits),
            "multiplier": _MULTIPLIER_BITS,
            "shift":      signed(self.SHIFT_BITS),
            "zero_point": signed(out_format.bits),
            "low":        signed(out_format.bits),
            "high":       signed(out_format.bits),
            "scheme":     SchemeCode,
            "tie":        TieCode,
        })

    @property
    def width(self):
        """Bits of the word."""
        return self.layout.size

    @property
    def shift_offset(self):
        """What is subtracted from the shift: 46 for int8 and accumulators of 32 bits."""
        return self.acc_bits + 22 - self.out_format.bits

    @property
    def shift_range(self):
        """The smallest and the largest value of the field `shift`."""
        return -self.acc_bits, self.out_format.bits + 2

    def encode(self, parameters):
        """Return the word of `Parameters` as an integer; ValueError names what is illegal."""
        self._check(parameters)
        multiplier, shift = parameters.multiplier, parameters.shift
        if parameters.scheme is Scheme.SHIFT:
            multiplier, shift = _NORMALIZED, shift + _MULTIPLIER_BITS - 1
        smallest, largest = self.shift_range
        shift = min(max(shift - self.shift_offset, smallest), largest)
        if multiplier == 0:
            multiplier, shift = _NORMALIZED, largest
        return self._pack({
            "bias":       parameters.bias,
            "multiplier": multiplier,
            "shift":      shift,
            "zero_point": parameters.zero_point,
            "low":        parameters.low,
            "high":       parameters.high,
            "scheme":     SchemeCode[parameters.scheme.name].value,
            "tie":        TieCode[parameters.tie.name].value,
        })

    def decode(self, word):
        """Return the `Parameters` of a word: what was encoded, the shift within its range."""
        fields = self.unpack(word)
        scheme = SchemeCode(fields["scheme"]).scheme
        multiplier, shift = fields["multiplier"], fields["shift"] + self.shift_offset
        if scheme is Scheme.SHIFT:
            multiplier, shift = None, shift - (_MULTIPLIER_BITS - 1)
        return Parameters(
            scheme=scheme,
            bias=fields["bias"],
            multiplier=multiplier,
            shift=shift,
            tie=TieCode(fields["tie"]).rounding,
            zero_point=fields["zero_point"],
            low=fields["low"],
            high=fields["high"],
        )

    def unpack(self, word):
        """Return the fields of a word as integers, by name."""
        if not 0 <= word < 1 << self.width:
            raise ValueError(f"a parameter word must have at most {self.width} bits, not {word:#x}")
        values = {}
        for name, field in self.layout:
            shape = Shape.cast(field.shape)
            value = word >> field.offset & (1 << shape.width) - 1
            values[name] = value - (value >> shape.width - 1 << shape.width) * shape.signed
        return values

    def _pack(self, values):
        word = 0
        for name, field in self.layout:
            word |= (values[name] & (1 << field.width) - 1) << field.offset
        return word

    def _check(self, parameters):
        scheme, out = parameters.scheme, self.out_format
        if scheme.name not in SchemeCode.__members__:
            names = ", ".join(SchemeCode.__members__)
            raise ValueError(f"scheme must be one of {names}, not {scheme}")
        ties = ["HALF_EVEN"] if scheme is Scheme.FLOAT32 else list(TieCode.__members__)
        if parameters.tie.name not in ties:
            raise ValueError(f"tie of {scheme} must be {' or '.join(ties)}, not {parameters.tie}")
        _check_range("bias", parameters.bias, -1 << self.acc_bits - 1, (1 << self.acc_bits - 1) - 1)
        for name in ("zero_point", "low", "high"):
            _check_range(name, getattr(parameters, name), out.min, out.max)
        if parameters.low > parameters.high:
            raise ValueError(f"low must be at most high, {parameters.high}, not {parameters.low}")
        _check_integer("shift", parameters.shift)
        if scheme is Scheme.SHIFT:
            _check_range("shift", parameters.shift, 0, 31)
            if parameters.multiplier is not None:
                raise ValueError(
                    f"multiplier of {scheme} must be None, not {parameters.multiplier}")
        elif parameters.multiplier != 0:
            _check_range("multiplier", parameters.multiplier, _NORMALIZED, 2 * _NORMALIZED - 1)


def _check_integer(name, value):
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an integer, not {value!r}")


def _check_range(name, value, low, high):
    _check_integer(name, value)
    if not low <= value <= high:
        raise ValueError(f"{name} must be from {low} to {high}, not {value}")
