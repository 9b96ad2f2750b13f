"""A module that Yosys wrote as SMT-LIB text, as functions of a solver."""

from typing import Any

import bitwuzla

from sim.proof.word import TERMS, Condition, Word

__all__ = ["SmtModule"]


class SmtModule:
    """The wires of a flat module as functions of its inputs and registers, together a state.

    Parameters
    ----------
    text : str
        Of `write_smt2 -stbv -wires`.
    name : str
        Name of the module.

    """

    def __init__(self, text: str, name: str) -> None:
        self._name = name
        self._parser = bitwuzla.Parser(TERMS, bitwuzla.Options())
        self._parser.parse(text, True, False)

    def state(self, name: str) -> Any:
        """Return any state; one of another name may be another one."""
        sort = self._parser.parse_term(f"|{self._name}_is|").sort().fun_domain()[0]
        return TERMS.mk_const(sort, name)

    def wire(self, name: str, state: Any, *, signed: bool) -> Word:
        """Return the value of a wire in a state."""
        term = self._apply(f"|{self._name}_n {name}|", state)
        if term.sort().is_bool():
            bits = [TERMS.mk_bv_value(TERMS.mk_bv_sort(1), bit) for bit in (1, 0)]
            term = TERMS.mk_term(bitwuzla.Kind.ITE, [term, *bits])
        return Word(term, signed=signed)

    def follows(self, state: Any, following: Any) -> Condition:
        """Return the condition that a clock edge may lead from one state to the other."""
        return Condition(self._apply(f"|{self._name}_t|", state, following))

    def _apply(self, function: str, *states: Any) -> Any:
        return TERMS.mk_term(bitwuzla.Kind.APPLY, [self._parser.parse_term(function), *states])
