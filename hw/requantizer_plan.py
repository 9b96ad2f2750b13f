"""What a requantizer consists of, and when it takes its inputs."""

from golden.formats import INT8
from golden.scheme import Scheme
from hw.output_stage import OutputStage
from hw.parameter_word import ParameterWord
from hw.requantizer_back import RequantizerBack
from hw.requantizer_front import RequantizerFront
from hw.round_shift import RoundShift
from hw.wide_multiplier import WideMultiplier

__all__ = ["RequantizerPlan"]


class RequantizerPlan:
    """Widths and stages of a `Requantizer`, known before it is built.

    Parameters
    ----------
    schemes : iterable of Scheme
    out_format : IntegerFormat
    acc_bits : int
        See `Requantizer`.

    Raises
    ------
    ValueError
        If a scheme is not one of FLOAT32, FIXED, SHIFT, or a width is out of its range.
    """

    PRODUCT_STAGE = RequantizerFront.LATENCY + WideMultiplier.LATENCY

    def __init__(self, *, schemes, out_format=INT8, acc_bits=32):
        self.schemes = frozenset(schemes)
        if not self.schemes or not self.schemes <= {Scheme.FLOAT32, Scheme.FIXED, Scheme.SHIFT}:
            names = ", ".join(sorted(scheme.name for scheme in self.schemes)) or "none"
            raise ValueError(f"schemes must be one or more of FLOAT32, FIXED, SHIFT, not {names}")
        self.word = ParameterWord(out_format=out_format, acc_bits=acc_bits)
        self.out_format = out_format
        self.acc_bits = acc_bits

    @property
    def has_multiplier(self):
        """Whether there is a scheme that multiplies."""
        return self.schemes != {Scheme.SHIFT}

    @property
    def products(self):
        """The kinds of product that are built, as parameters of front and back."""
        return {
            "float_products": Scheme.FLOAT32 in self.schemes,
            "exact_products": self.schemes != {Scheme.FLOAT32},
        }

    @property
    def multiplier_widths(self):
        """Parameters of the `WideMultiplier`."""
        low_bits = 7 * self.products["exact_products"]
        return {"high_width": 9 + low_bits, "b_width": 24, "product_width": 49 + low_bits}

    @property
    def max_distance(self):
        """The longest shift where there is no multiplier; a longer one gives 0 all the same."""
        return min(31, self.acc_bits + 1)

    @property
    def stages(self):
        """Cycles from `acc` to each parameter."""
        if not self.has_multiplier:
            return {
                "bias":       0,
                "shift":      0,
                "tie":        1 + RoundShift.tie_stage_of(self.max_distance),
                "zero_point": self._output_stage,
                "low":        self._output_stage + OutputStage.CLIP_STAGE,
                "high":       self._output_stage + OutputStage.CLIP_STAGE,
            }
        stages = {
            "bias":       0,
            "shift":      RequantizerFront.SHIFT_STAGE,
            "multiplier": RequantizerFront.LATENCY,
        }
        late = ["zero_point", "low", "high"]
        if self.products["exact_products"]:
            late.insert(0, "tie")
            if self.products["float_products"]:
                stages["scheme"] = RequantizerFront.SHIFT_STAGE
        back = RequantizerBack.stages_of(self.out_format.bits)
        return stages | {name: self.PRODUCT_STAGE + back[name] for name in late}

    @property
    def latency(self):
        """Cycles from `acc` to `value`."""
        if not self.has_multiplier:
            return self._output_stage + OutputStage.LATENCY
        return self.PRODUCT_STAGE + RequantizerBack.latency_of(self.out_format.bits)

    @property
    def _output_stage(self):
        """Where there is no multiplier: the sum, the shift and its carry, what does not fit."""
        return 1 + RoundShift.tie_stage_of(self.max_distance) + 1 + 1
