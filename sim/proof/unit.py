"""A pipeline as emitted, turned into terms of a solver."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hw.yosys import run_yosys
from sim.proof.alignment import check_alignment
from sim.proof.smt_module import SmtModule
from sim.proof.word import Word

__all__ = ["TOP", "Unit", "without_registers"]

TOP = "unit"
"""Name of the top module in the text that is proved."""

_REGISTERS_TO_WIRES = """
(* techmap_celltype = "$dff" *)
module register_to_wire (input CLK, input [WIDTH-1:0] D, output [WIDTH-1:0] Q);
  parameter WIDTH = 1;
  parameter CLK_POLARITY = 1;
  assign Q = D;
endmodule
"""


class Unit:
    """A feed-forward pipeline as one function of its inputs.

    The RTLIL that the Verilog is made from is flattened by Yosys; `check_alignment` shows that all
    paths between two ports have the same number of registers; then every register becomes a wire,
    which leaves the function the pipeline computes on inputs that arrive at their stages.

    Parameters
    ----------
    rtlil : str
        Text that holds the pipeline's module and those below it.
    latency : int
        Cycles from the inputs of stage 0 to every output.
    stages : Mapping of str to int
        Cycles by which an input is later than the others.
    module : str
        Name of the pipeline's module.
    cut : str, optional
        A submodule that is taken out: its inputs become outputs of the unit named `cut.port`, its
        outputs inputs, of any value.
    cut_stages : Mapping of str to int
        The cycle at which each port of the submodule is used, from stage 0.

    """

    def __init__(
        self,
        rtlil: str,
        *,
        latency: int,
        stages: Mapping[str, int] | None = None,
        module: str = TOP,
        cut: str | None = None,
        cut_stages: Mapping[str, int] | None = None,
    ) -> None:
        cut_stages = {f"{cut}.{port}": stage for port, stage in (cut_stages or {}).items()}
        flat, netlist = _flattened(rtlil, module, cut)
        ports = netlist["modules"][module]["ports"]
        missing = (cut_stages.keys() | (stages or {}).keys()) - ports.keys()
        if missing:
            raise ValueError(f"{module} must have a port named {min(missing)}")
        outputs = [name for name in ports if not name.startswith(f"{cut}.")]
        check_alignment(
            netlist["modules"][module],
            inputs={**(stages or {}), **cut_stages},
            outputs={**dict.fromkeys(outputs, latency), **cut_stages},
        )
        self._signed = {name: bool(port.get("signed")) for name, port in ports.items()}
        self._function = SmtModule(without_registers(flat), module)
        self._inputs = self._function.state("inputs")

    def port(self, name: str, *, signed: bool | None = None) -> Word:
        """Return the value of a port: of the inputs, or as the unit computes it from them.

        The sign is that of the port, which a port of the submodule cut out does not keep.
        """
        signed = self._signed[name] if signed is None else signed
        return self._function.wire(name, self._inputs, signed=signed)


def _flattened(rtlil: str, top: str, cut: str | None) -> tuple[str, dict[str, Any]]:
    """Return the RTLIL of one flat module, and its netlist."""
    with tempfile.TemporaryDirectory() as folder:
        source, flat, netlist = (Path(folder, name) for name in ("il", "flat", "json"))
        source.write_text(rtlil)
        run_yosys(
            f"read_rtlil {source}",
            f"hierarchy -check -top {top}",
            "proc",
            *([f"blackbox {top}.{cut}"] if cut else []),
            "flatten",
            *([f"expose -evert {top}/c:{cut}"] if cut else []),
            "opt_clean",
            f"write_json {netlist}",
            f"write_rtlil {flat}",
        )
        return flat.read_text(), json.loads(netlist.read_text())


def without_registers(flat: str, *passes: str) -> str:
    """Return the SMT-LIB text of a flat module, of which the registers became wires.

    `passes` are commands of Yosys that simplify what is left.
    """
    with tempfile.TemporaryDirectory() as folder:
        source, wires, smt = (Path(folder, name) for name in ("il", "v", "smt2"))
        source.write_text(flat)
        wires.write_text(_REGISTERS_TO_WIRES)
        run_yosys(
            f"read_rtlil {source}",
            f"techmap -map {wires}",
            "setattr -unset init w:*",
            "opt_clean",
            *passes,
            "check -assert",
            f"write_smt2 -stbv -wires {smt}",
        )
        return smt.read_text()
