"""A right shift that rounds to nearest, with the tie rule chosen at run time."""

from amaranth.hdl import *
from amaranth.lib import enum, wiring
from amaranth.lib.wiring import In, Out

from golden.rounding import Rounding
from hw.pipeline import named, registered

__all__ = ["RoundShift", "TieCode"]


class TieCode(enum.Enum, shape=2):
    """Where a tie goes, as hardware is told."""

    HALF_EVEN = 0
    HALF_UP = 1
    HALF_AWAY = 2

    @property
    def rounding(self):
        """The rounding rule of that name."""
        return Rounding[self.name]


class RoundShift(wiring.Component):
    """`floor + carry = round((i + rest) / 2**(shift + 1))`, to nearest.

    `rest` is what a longer number had below `i`, in units of the last place of `i`: exactly 0 if
    `rest_none`, exactly 1 if `rest_full`, and anything strictly between if neither. (The caller
    may have rounded there already.) The last bit of `i` is worth one half at a shift of 0.

    No adder is needed: away from a tie the carry is the first fraction bit, and on a tie it follows
    from the rule. It is left to the caller to add, who has something else to add as well.

    No flow control, no reset. Latency is `latency` cycles from `i`; throughput one per cycle.

    Parameters
    ----------
    width : int
        Width of `i`, 2 or more.
    max_shift : int
        Largest shift, 1 or more. Larger values of `shift` are illegal.
    ties : iterable of Rounding
        Tie rules to build: HALF_EVEN, HALF_UP, HALF_AWAY.

    Members
    -------
    i : In(signed(width))
    shift : In(range(max_shift + 1))
    rest_none, rest_full : In(1)
        Not both. Taken `tie_stage` cycles after `i`.
    tie : In(TieCode)
        Taken `tie_stage` cycles after `i`. Only if there are several tie rules.
    floor : Out(signed(width - 1))
    carry : Out(1)
    is_tie : Out(1)
        The number lay exactly half way between two integers.
    """

    def __init__(self, *, width, max_shift, ties):
        if width < 2:
            raise ValueError(f"width of a rounding shift must be 2 or more, not {width}")
        if max_shift < 1:
            raise ValueError(f"max_shift must be 1 or more, not {max_shift}")
        legal = {code.rounding: code for code in TieCode}
        for rule in ties:
            if rule not in legal:
                names = ", ".join(rule.name for rule in legal)
                raise ValueError(f"a tie rule in hardware must be one of {names}, not {rule}")
        if not ties:
            raise ValueError("a rounding shift must have at least one tie rule, not none")
        self.width = width
        self.max_shift = max_shift
        self.ties = frozenset(ties)
        self._codes = sorted((legal[rule] for rule in self.ties), key=lambda code: code.value)
        members = {
            "i":         In(signed(width)),
            "shift":     In(range(max_shift + 1)),
            "rest_none": In(1),
            "rest_full": In(1),
            "floor":     Out(signed(width - 1)),
            "carry":     Out(1),
            "is_tie":    Out(1),
        }
        if len(self.ties) > 1:
            members["tie"] = In(TieCode)
        super().__init__(members)

    @staticmethod
    def tie_stage_of(max_shift):
        """Cycles from `i` to `tie` and the two about the rest: two bits of the shift a cycle."""
        return (max_shift.bit_length() + 1) // 2

    @property
    def tie_stage(self):
        """`tie_stage_of` this shift."""
        return self.tie_stage_of(self.max_shift)

    @property
    def latency(self):
        """Cycles from `i` to `floor` and `carry`."""
        return self.tie_stage + 1

    def elaborate(self, platform):
        m = Module()

        # The long shifts come first, two a cycle. With every one goes whether all that fell off by
        # now was 0, or 1.
        value, none, full, shift = self.i, Const(1), Const(1), self.shift
        for bit in reversed(range(len(shift))):
            distance = min(1 << bit, self.width - 1)
            fallen = value[:distance]
            steps = {
                "value": (value, value[distance:].as_signed()),
                "none":  (none, none & ~fallen.any()),
                "full":  (full, full & fallen.all()),
            }
            keep = named if bit % 2 else registered
            value, none, full = (
                keep(m, Mux(shift[bit], moved, still), name=f"{name}_{bit}")
                for name, (still, moved) in steps.items()
            )
            if bit and bit % 2 == 0:
                shift = registered(m, shift[:bit], name=f"shift_{bit}")

        half, floor = value[0], value[1:].as_signed()
        is_tie = Mux(half, none & self.rest_none, full & self.rest_full)
        carry = Mux(is_tie, self._tie_goes_up(m, floor), half)
        m.d.comb += [
            self.floor.eq(registered(m, floor, name="floor")),
            self.carry.eq(registered(m, carry, name="carry")),
            self.is_tie.eq(registered(m, is_tie, name="is_tie")),
        ]
        return m

    def _tie_goes_up(self, m, floor):
        """Whether a tie goes to `floor + 1`."""
        answers = {
            TieCode.HALF_EVEN: floor[0],
            TieCode.HALF_UP:   Const(1),
            TieCode.HALF_AWAY: ~floor[-1],
        }
        if len(self._codes) == 1:
            return answers[self._codes[0]]
        up = Signal(name="tie_goes_up")
        with m.Switch(self.tie):
            for code in self._codes:
                with m.Case(code) if code is not self._codes[-1] else m.Default():
                    m.d.comb += up.eq(answers[code])
        return up
