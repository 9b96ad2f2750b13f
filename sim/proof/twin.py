"""Components side by side, as Verilog and with the models of primitives, for a solver."""

import json
import tempfile
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from hw.emit import emit_verilog
from hw.yosys import run_yosys
from sim.primitive_models import with_primitive_models
from sim.proof.alignment import check_alignment
from sim.proof.smt_module import SmtModule
from sim.proof.unit import without_registers

__all__ = ["TOP", "Cut", "Twin"]

TOP = "twins"

Cut = Mapping[str, tuple[int, int]]
"""Inputs that stand for registers: the width of each and the cycle of its value."""


class Twin:
    """A component that holds two others, as clocked functions and as one without registers.

    Parameters
    ----------
    build : callable
        Makes the component.
    change : tuple of str, optional
        A text in the Verilog and what to put in its place: for planting bugs.

    """

    def __init__(self, build: Callable[[], Any], change: tuple[str, str] | None = None) -> None:
        self._build = build
        self._change = change

    @cached_property
    def clocked(self) -> SmtModule:
        """The component as it is."""
        with tempfile.TemporaryDirectory() as folder:
            smt = Path(folder, "smt2")
            self._yosys([], f"write_smt2 -stbv -wires {smt}")
            return SmtModule(smt.read_text(), TOP)

    def function(
        self, inputs: Cut, sources: Mapping[str, str], outputs: Mapping[str, int]
    ) -> SmtModule:
        """Return the outputs as a function, inputs in place of registers that hold values.

        Parameters
        ----------
        inputs : Cut
            What is added.
        sources : Mapping of str to str
            What to put in the place of each register, as a signal of Yosys.
        outputs : Mapping of str to int
            The cycle of each.

        Raises
        ------
        AlignmentError
            A value of another cycle comes to an output.
        """
        commands = [f"add -input {name} {width}" for name, (width, _) in inputs.items()]
        for register, source in sources.items():
            commands += [
                f"delete w:{register} %ci1 t:$dff %i",
                f"connect -nounset -set {register} {source}",
            ]
        with tempfile.TemporaryDirectory() as folder:
            flat, netlist = Path(folder, "il"), Path(folder, "json")
            self._yosys(commands, f"write_json {netlist}", f"write_rtlil {flat}")
            check_alignment(
                json.loads(netlist.read_text())["modules"][TOP],
                inputs={name: cycle for name, (_, cycle) in inputs.items()},
                outputs=outputs,
            )
            passes = ("opt_expr", "wreduce", "opt_expr", "opt_clean")
            return SmtModule(without_registers(flat.read_text(), *passes), TOP)

    def _yosys(self, cut: list[str], *commands: str) -> None:
        """Run commands on the flat module."""
        text = with_primitive_models(emit_verilog(self._build(), TOP))
        if self._change is not None:
            old, new = self._change
            if old not in text:
                raise ValueError(f"the Verilog of {TOP} must hold {old!r}")
            text = text.replace(old, new, 1)
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "v")
            source.write_text(text)
            run_yosys(
                f"read_verilog -sv -defer {source}",
                f"hierarchy -check -top {TOP}",
                "proc",
                "flatten",
                *([f"cd {TOP}", *cut, "cd .."] if cut else ()),
                "setundef -zero -undriven",
                "opt_expr",
                "opt_clean",
                "wreduce",
                "opt_clean",
                *commands,
            )
