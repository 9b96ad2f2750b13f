"""Registers for values that do not come in every cycle."""

from dataclasses import dataclass

from amaranth.hdl import *

__all__ = ["Held", "HeldValues"]


@dataclass(frozen=True)
class Held:
    """A value that is there from a cycle on, for as long as `HeldValues` has it.

    Parameters
    ----------
    value : Value
        The value, a register.
    since : int
        The first cycle.
    name : str
        Its name.
    """

    value: Value
    since: int
    name: str


class HeldValues:
    """Keeps values along a pipeline that takes something new at most every `pitch` cycles.

    A register that loads only then holds its value for `pitch` cycles. So a value that is wanted
    late needs a register for each `pitch` cycles, where a chain of registers has one for each.

    Parameters
    ----------
    m : Module
        Where the registers are added.
    tokens : dict of int to Value
        What is 1 in a cycle of something new, by cycle. Later ones are made, from the last of them.
    pitch : int
        Cycles from one to the next, or more.
    """

    def __init__(self, m, tokens, *, pitch):
        self._m = m
        self._tokens = dict(tokens)
        self._pitch = pitch

    def token(self, cycle):
        """Return what is 1 in a cycle of something new. It is reset."""
        if cycle not in self._tokens:
            token = Signal(name=f"token_{cycle}")
            self._m.d.sync += token.eq(self.token(cycle - 1))
            self._tokens[cycle] = token
        return self._tokens[cycle]

    def load(self, value, cycle, *, name):
        """Return a value of `cycle` as a register holds it from the next one on."""
        register = Signal(value.shape(), name=f"{name}_{cycle + 1}", reset_less=True)
        with self._m.If(self.token(cycle)):
            self._m.d.sync += register.eq(value)
        return Held(register, cycle + 1, name)

    def at(self, held, cycle):
        """Return what a register held, in a later cycle."""
        while held.since + self._pitch <= cycle:
            held = self.load(held.value, held.since + self._pitch - 1, name=held.name)
        if cycle < held.since:
            raise ValueError(f"{held.name} must be used from cycle {held.since} on, not {cycle}")
        return held.value

    def made(self, function, *parts, name):
        """Return a function of held values, as early as all of them are there."""
        cycle = max(part.since for part in parts)
        return self.load(function(*(self.at(part, cycle) for part in parts)), cycle, name=name)
