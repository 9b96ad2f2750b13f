"""Building a Verilog text with Icarus Verilog."""

from pathlib import Path

from sim.build_cache import build_once, content_hash
from sim.primitive_models import with_primitive_models
from sim.process import checked
from sim.simulator import Simulator

__all__ = ["build"]

_DUMP = """
module lastbit_dump;
  reg [8*1024-1:0] path;
  initial if ($value$plusargs("waves=%s", path)) begin
    $dumpfile(path);
    $dumpvars(0, {top});
  end
endmodule
"""


def build(verilog: str, top: str, *, waves: bool, build_root: Path) -> Path:
    """Return the compiled design of ``top`` for ``vvp``, made unless that was done before.

    Raises
    ------
    SimulationError
        Icarus refuses the text; the message ends with what it said.
    """
    text = "`timescale 1ns/1ns\n" + with_primitive_models(verilog)
    text += _DUMP.format(top=top) if waves else ""
    roots = ("-s", top, *(("-s", "lastbit_dump") if waves else ()))
    key = content_hash(text, *roots, Simulator.ICARUS.version)

    def fill(folder: Path) -> None:
        (folder / f"{top}.v").write_text(text, encoding="utf-8")
        checked(
            ("iverilog", "-g2012", "-o", "simulation.vvp", *roots, f"{top}.v"),
            folder=folder,
            what=f"Icarus refuses {top}",
            timeout=300,
        )

    return build_once(build_root / key, fill) / "simulation.vvp"
