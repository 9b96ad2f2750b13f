"""A mismatch in words."""

from collections.abc import Iterator
from fractions import Fraction

from flow.layer_work import kind
from flow.mismatch import Mismatch
from flow.mismatch_location import ElementPass, Location
from flow.mismatch_rounding import RequantizationCase, RoundingCase
from flow.unsupported import shown
from golden.diagnose import report
from golden.scheme import Scheme

__all__ = ["cause_lines", "describe_case", "mismatch_lines", "place_lines"]

_LISTED_PASSES = 6
_LISTED_COLUMNS = 8


def mismatch_lines(mismatch: Mismatch) -> Iterator[str]:
    """The lines of a report."""
    yield from place_lines(mismatch)
    if mismatch.compiled_wrongly:
        yield (
            f"  the program itself is wrong: golden runs it to {mismatch.case.result} too, and by "
            f"the layer's definition {mismatch.expected} is right"
        )
        return
    yield from cause_lines(mismatch)


def cause_lines(mismatch: Mismatch) -> Iterator[str]:
    """What the differences have in common."""
    yield f"  {_columns(mismatch)}"
    yield from (f"  {line}" for line in report(list(mismatch.causes)).splitlines())


def place_lines(mismatch: Mismatch) -> Iterator[str]:
    """The first element that differs, where it is computed, and how."""
    at, compared = mismatch.location, mismatch.comparison
    batch, y, x, channel = at.element
    yield (
        f"{shown(at.layer)} ({kind(mismatch.layer)}): {compared.count:,} of {compared.total:,} "
        f"elements differ; the first is batch {batch}, y {y}, x {x}, channel {channel}: "
        f"{mismatch.actual}, not {mismatch.expected}"
    )
    if mismatch.unknown:
        names = ", ".join(map(shown, mismatch.unknown))
        yield f"  not compared, since their places were used again: {names}"
    yield from (f"  {line}" for line in _place(at))
    yield from (f"  {line}" for line in _passes(at))
    yield from (f"  {line}" for line in describe_case(mismatch.case))


def describe_case(case: RequantizationCase) -> Iterator[str]:
    """How an accumulator is requantized."""
    p = case.parameters
    scale = f"2**-{p.shift}" if p.multiplier is None else f"{p.multiplier} * 2**-{p.shift}"
    yield (
        f"accumulator {case.accumulator}, with bias {p.bias}: {case.biased}; "
        f"{p.scheme.value} scale {scale} gives {_number(case.value)}"
    )
    product = " after two roundings to float32" if p.scheme is Scheme.FLOAT32 else ""
    step = f"{case.rounded} by {case.rule.value}{product}"
    if case.case is RoundingCase.TIE:
        step += ", a tie"
    elif case.case in (RoundingCase.UP, RoundingCase.DOWN, RoundingCase.EXACT):
        step += f" ({case.case.value})"
    clipped = ""
    if case.case in (RoundingCase.CLIPPED_LOW, RoundingCase.CLIPPED_HIGH):
        clipped = f", {case.case.value}"
    yield (
        f"rounded to {step}; with zero point {p.zero_point}, in {p.low} to {p.high}{clipped}: "
        f"{case.result}"
    )


def _place(at: Location) -> Iterator[str]:
    last = at.passes[-1]
    yield (
        f"column tile {at.tile}, column {at.column} of the array, requantizer {at.lane}; row "
        f"{at.row} of each pass; byte {at.address} of the activation memory"
    )
    yield (
        f"its last pass is pass {last.number} of instruction {last.instruction}: the row goes in "
        f"in cycle {last.launched}, its sum comes out in cycle {last.summed}, is requantized in "
        f"cycle {at.requantized} and written in cycle {at.written}"
    )


def _passes(at: Location) -> Iterator[str]:
    """What the accumulator goes through; of many passes the first and the last ones."""
    yield "instruction  pass  operation          sum  accumulator  row in  sum out"
    half = _LISTED_PASSES // 2
    many = len(at.passes) > _LISTED_PASSES
    for each in at.passes[:half] if many else at.passes:
        yield _pass(each)
    if many:
        yield f"... {len(at.passes) - _LISTED_PASSES} passes ..."
        for each in at.passes[-half:]:
            yield _pass(each)
    last = at.passes[-1]
    products = zip(last.activations.tolist(), last.weights.tolist(), strict=True)
    terms = [f"{row}: {a} * {w}" for row, (a, w) in enumerate(products)]
    yield f"rows of the array in the last pass, activation * weight: {', '.join(terms)}"


def _pass(each: ElementPass) -> str:
    return (
        f"{each.instruction:>11}  {each.number:>4}  {each.operation.value:<9}  {each.sum:>11}  "
        f"{each.accumulator:>11}  {each.launched:>6}  {each.summed:>7}"
    )


def _columns(mismatch: Mismatch) -> str:
    columns, used = mismatch.columns
    if used == 1:
        return f"the layer uses only column {columns[0]} of the array"
    if len(columns) == used:
        return f"differences are in all {used} columns of the array that the layer uses"
    names = ", ".join(map(str, columns[:_LISTED_COLUMNS]))
    more = f" and {len(columns) - _LISTED_COLUMNS} more" if len(columns) > _LISTED_COLUMNS else ""
    return f"differences are only in column{'s' * (len(columns) > 1)} {names}{more} of the array"


def _number(value: Fraction) -> str:
    """Exactly, if that is short."""
    exact = f"{float(value):.9g}"
    return exact if Fraction(exact) == value else f"about {exact}"
