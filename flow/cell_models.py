"""Verilog models of a library's cells, made of what their Liberty file says they compute.

They are made apart from the synthesizer, which has a Liberty reader of its own: a netlist that runs
right on them was understood alike by both. A flip-flop's first state is unknown, as on silicon.
"""

import re
from collections.abc import Iterable

from flow.errors import UserError
from flow.liberty import Cell, CellKind, Direction, Library

__all__ = ["cell_models", "verilog_expression"]

_TOKEN = re.compile(r"\s*([A-Za-z_]\w*(?:\[\d+\])?|[01]|[()!'^*&+|])")
_STARTS = re.compile(r"[A-Za-z_01(!]")


def cell_models(library: Library, names: Iterable[str]) -> str:
    """Return a Verilog module for each named cell.

    Raises
    ------
    UserError
        A cell is neither a gate nor a flip-flop, or its function cannot be read.
    """
    return "\n".join(_model(library, name) for name in sorted(set(names)))


def _model(library: Library, name: str) -> str:
    cell = library.cells[name]
    if cell.kind not in (CellKind.LOGIC, CellKind.FLIP_FLOP):
        raise UserError(f"cell {name} is a {cell.kind.value}, of which no model can be made")
    try:
        body = (_flip_flop(cell) if cell.kind is CellKind.FLIP_FLOP else []) + _outputs(cell)
    except ValueError as error:
        raise UserError(f"cell {name} of {library.name} has no model: {error}") from error
    ports = ", ".join(
        f"{'output' if pin.direction is Direction.OUTPUT else 'input'} {pin.name}"
        for pin in cell.pins
    )
    return "\n".join([f"module {name} ({ports});", *(f"  {line}" for line in body), "endmodule\n"])


def _outputs(cell: Cell) -> list[str]:
    lines = []
    for pin in cell.pins:
        if pin.direction is Direction.OUTPUT:
            if not pin.function:
                raise ValueError(f"output {pin.name} has no function")
            lines.append(f"assign {pin.name} = {verilog_expression(pin.function)};")
        elif pin.direction is not Direction.INPUT:
            raise ValueError(f"pin {pin.name} is {pin.direction.value}")
    return lines


def _flip_flop(cell: Cell) -> list[str]:
    """The state: clear and preset at once leave it unknown, whatever the file says of that."""
    missing = {"clocked_on", "next_state"} - cell.state.keys()
    if missing or len(cell.state_names) != 2:
        raise ValueError(f"its ff group lacks {', '.join(sorted(missing)) or 'state names'}")
    state, inverse = cell.state_names
    # Edges are of expressions, not of wires that would fill a waveform with copies of the clock.
    clock, following = (
        verilog_expression(cell.state[name]) for name in ("clocked_on", "next_state")
    )
    sensitive, branches = [f"posedge {clock}"], []
    for name, value in (("clear", 0), ("preset", 1)):
        if name in cell.state:
            condition = verilog_expression(cell.state[name])
            sensitive.append(f"posedge {condition}")
            branches.append((condition, f"1'b{value}"))
    if len(branches) == 2:
        branches.insert(0, (" & ".join(condition for condition, _ in branches), "1'bx"))
    return [
        f"reg {state};",
        f"wire {inverse} = ~{state};",
        f"always @({' or '.join(sensitive)})",
        *(f"  if ({condition}) {state} <= {value}; else" for condition, value in branches),
        f"  {state} <= {following};",
    ]


def verilog_expression(function: str) -> str:
    """Translate a Liberty expression: `'` after an operand negates, and two in a row are an AND.

    Raises
    ------
    ValueError
        It is no expression.
    """
    tokens, position = [], 0
    text = function.strip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ValueError(f"{function!r} is not a Liberty expression")
        tokens.append(match[1])
        position = match.end()
    parser = _Parser(tokens, function)
    result = parser.either()
    if parser.tokens:
        raise parser.error()
    return result


class _Parser:
    """Recursive descent; XOR binds more tightly than AND, and that more than OR, in Liberty."""

    def __init__(self, tokens: list[str], function: str) -> None:
        self.tokens = tokens
        self._function = function

    def error(self) -> ValueError:
        return ValueError(f"{self._function!r} is not a Liberty expression")

    def _next_is(self, *wanted: str) -> bool:
        return bool(self.tokens) and self.tokens[0] in wanted

    def either(self) -> str:
        terms = [self._both()]
        while self._next_is("+", "|"):
            self.tokens.pop(0)
            terms.append(self._both())
        return terms[0] if len(terms) == 1 else f"({' | '.join(terms)})"

    def _both(self) -> str:
        factors = [self._differ()]
        while self._next_is("*", "&") or (self.tokens and _STARTS.match(self.tokens[0])):
            if self._next_is("*", "&"):
                self.tokens.pop(0)
            factors.append(self._differ())
        return factors[0] if len(factors) == 1 else f"({' & '.join(factors)})"

    def _differ(self) -> str:
        operands = [self._operand()]
        while self._next_is("^"):
            self.tokens.pop(0)
            operands.append(self._operand())
        return operands[0] if len(operands) == 1 else f"({' ^ '.join(operands)})"

    def _operand(self) -> str:
        if not self.tokens:
            raise self.error()
        token = self.tokens.pop(0)
        if token == "!":
            return f"~{self._operand()}"
        if token == "(":
            operand = self.either()
            if not self._next_is(")"):
                raise self.error()
            self.tokens.pop(0)
        elif token in "01":
            operand = f"1'b{token}"
        elif _STARTS.match(token):
            operand = token
        else:
            raise self.error()
        while self._next_is("'"):
            self.tokens.pop(0)
            operand = f"~{operand}"
        return operand
