"""How cocotb is started in a simulator: the command, and the variables it reads."""

import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import find_libpython
from cocotb_tools import config

from sim import environment
from sim.errors import SimulationError
from sim.process import run_logged
from sim.simulator import Simulator

__all__ = ["LOG", "WAVES", "CocotbProcess"]

LOG = "log"
"""File with what a run prints."""

WAVES = "waves.vcd"
"""File that a run leaves where waves are wanted."""

_PARAMETERS = "testbench.json"


@dataclass(frozen=True)
class CocotbProcess:
    """Runs tests in a folder, as `sim.runner.run` says."""

    simulator: Simulator
    top: str
    test_module: str
    tests: Sequence[str]
    seed: int

    def prepare(
        self, folder: Path, *, inputs: Sequence[str], parameters: Mapping[str, Any]
    ) -> None:
        """Write what the run reads."""
        # cocotb rewrites assertions through pytest, which must not find a project's settings.
        (folder / "pytest.ini").write_text("[pytest]\n")
        environment.write(
            folder / _PARAMETERS, seed=self.seed, parameters=parameters, inputs=inputs
        )

    def run(self, program: Path, folder: Path, *, waves: bool, timeout: float) -> int | None:
        """Run a built program in a prepared folder; return its exit status, None if too late."""
        return run_logged(
            self._command(program, str(folder / WAVES) if waves else ""),
            folder=folder,
            log=folder / LOG,
            environment=self._variables(folder),
            timeout=timeout,
        )

    def _command(self, program: Path, waves: str) -> Sequence[str]:
        if self.simulator is Simulator.VERILATOR:
            return (str(program), *(("--trace", "--trace-file", waves) if waves else ()))
        library = config.lib_entry("vpi", "icarus")
        return ("vvp", "-m", library, str(program), f"+waves={waves}" if waves else "-none")

    def _variables(self, folder: Path) -> dict[str, str]:
        variables = {
            "COCOTB_TOPLEVEL": self.top,
            "COCOTB_TEST_MODULES": self.test_module,
            "COCOTB_RANDOM_SEED": str(self.seed),
            "COCOTB_RESULTS_FILE": str(folder / "results.xml"),
            "COCOTB_ANSI_OUTPUT": "0",
            # Else every module that is imported, NumPy too, is compiled again for its assertions.
            "COCOTB_REWRITE_ASSERTION_FILES": self.test_module.rpartition(".")[2] + ".py",
            "GPI_USERS": f"{_libpython()};{config.pygpi_entry_point()}",
            "PATH": os.environ.get("PATH", "") + os.pathsep + str(config.libs_dir),
            "PYGPI_PYTHON_BIN": sys.executable,
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path),
            "TOPLEVEL_LANG": "verilog",
            environment.VARIABLE: str(folder / _PARAMETERS),
        }
        if self.tests:
            names = "|".join(re.escape(name) for name in self.tests)
            variables["COCOTB_TEST_FILTER"] = rf"\.({names})$"
        if self.simulator is Simulator.VERILATOR:
            # Lets cocotb drive the clock from C, ten times faster than from Python.
            variables["COCOTB_TRUST_INERTIAL_WRITES"] = "1"
        return variables


@cache
def _libpython() -> str:
    found = find_libpython.find_libpython()
    if found is None:
        raise SimulationError(
            f"cocotb needs a shared libpython, and {sys.executable} has none; "
            "get it with `apt-get install libpython3-dev`"
        )
    return str(found)
