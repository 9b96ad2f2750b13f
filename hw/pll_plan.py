"""The dividers of a phase-locked loop, found and checked by what its vendor allows."""

from dataclasses import dataclass
from fractions import Fraction

__all__ = ["PllLimits", "PllPlan", "plan_pll"]


@dataclass(frozen=True)
class PllLimits:
    """What a loop can do; frequencies are (lowest, highest) in MHz.

    Parameters
    ----------
    name : str
        Of the primitive.
    input, detector, vco, output : tuple
        Of its reference, of the phase detector, of its oscillator, and of what it puts out.
    divide, multiply, post : tuple of int
        Dividers to choose from: of the reference, of the feedback, and behind the oscillator.
    feeds_back_output : bool
        Whether the feedback is what is put out, and not the oscillator itself.
    """

    name: str
    input: tuple
    detector: tuple
    vco: tuple
    output: tuple
    divide: tuple
    multiply: tuple
    post: tuple
    feeds_back_output: bool


@dataclass(frozen=True)
class PllPlan:
    """Dividers, and the frequencies that they make, in MHz."""

    input: Fraction
    divide: int
    multiply: int
    post: int
    vco: Fraction
    output: Fraction

    @property
    def detector(self):
        """What the phase detector compares."""
        return self.input / self.divide


def plan_pll(limits, input_mhz, output_mhz):
    """Return the dividers whose output is the nearest to `output_mhz` that is not above it.

    Of several, those that compare most often, and then those with the oscillator nearest to the
    middle of its range.

    Raises
    ------
    ValueError
        The reference or the output is not one that the loop can have.
    """
    source, wanted = Fraction(input_mhz), Fraction(output_mhz)
    for what, value, (low, high) in (
        ("input", source, limits.input), ("output", wanted, limits.output),
    ):
        if not low <= value <= high:
            raise ValueError(
                f"{what} of {limits.name} must be from {low} to {high} MHz, not {float(value):g}"
            )
    plans = [plan for plan in _plans(limits, source, wanted) if _is_legal(limits, plan)]
    if not plans:
        raise ValueError(
            f"{limits.name} must have dividers for {float(wanted):g} MHz from {float(source):g}, "
            "and has none: ask for another frequency"
        )
    middle = Fraction(sum(limits.vco)) / 2
    return max(plans, key=lambda plan: (plan.output, plan.detector, -abs(plan.vco - middle)))


def _plans(limits, source, wanted):
    """Yield, for each pair of dividers, the plan with the largest third one that may be."""
    for divide in limits.divide:
        if source / divide < limits.detector[0]:
            break
        for post in limits.post:
            ratio = wanted * divide / source * (1 if limits.feeds_back_output else post)
            multiply = min(int(ratio), limits.multiply[-1])
            if multiply < limits.multiply[0]:
                continue
            made = source * multiply / divide
            vco = made * post if limits.feeds_back_output else made
            yield PllPlan(source, divide, multiply, post, vco, vco / post)


def _is_legal(limits, plan):
    checked = (
        (plan.detector, limits.detector), (plan.vco, limits.vco), (plan.output, limits.output),
    )
    return all(low <= value <= high for value, (low, high) in checked)
