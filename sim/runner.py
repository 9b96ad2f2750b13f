"""Running cocotb tests on a Verilog text: one function over the simulators.

    result = run(text, "skew", "sim.testbenches.skew", seed=1)

The build is cached by content in ``build/sim``, so a second run of the same text starts at once.
"""

import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import find_libpython
from cocotb_tools import config

from sim import environment, icarus, verilator
from sim.errors import SimulationError, tail
from sim.ports import module_ports
from sim.process import run_logged
from sim.results import RunResult, read_results
from sim.simulator import Simulator

__all__ = ["run"]


def run(
    verilog: str,
    top: str,
    test_module: str,
    *,
    simulator: Simulator = Simulator.VERILATOR,
    seed: int,
    parameters: Mapping[str, Any] | None = None,
    tests: Sequence[str] = (),
    waves: Path | None = None,
    build_root: Path = Path("build/sim"),
    timeout: float = 600,
) -> RunResult:
    """Build module ``top`` of ``verilog`` and run the cocotb tests of ``test_module`` on it.

    Parameters
    ----------
    verilog
        One standalone text.
    top
        The module to simulate; its clock is ``clk``.
    test_module
        Import name of the module that holds the coroutines.
    simulator
        Where to run.
    seed
        The only source of randomness, see ``sim.environment.generator``.
    parameters
        What ``sim.environment.parameters()`` gives the coroutines; anything JSON holds.
    tests
        Names of the tests to run; all of the module if there are none.
    waves
        A .vcd file to write.
    build_root
        Folder of cached builds; the log of a run that fails stays in its ``failed`` folder.
    timeout
        Seconds of wall time after which the simulator is killed.

    Raises
    ------
    SimulationError
        A tool is missing, the build fails, or the simulator crashes or takes too long. Tests that
        fail raise nothing: they are in the result.
    """
    if (missing := simulator.missing()) is not None:
        raise SimulationError(missing)
    build_root = build_root.resolve()
    start = time.perf_counter()
    builder = verilator if simulator is Simulator.VERILATOR else icarus
    program = builder.build(verilog, top, waves=waves is not None, build_root=build_root)
    build_seconds = time.perf_counter() - start

    with tempfile.TemporaryDirectory(prefix="run.", dir=build_root) as name:
        folder = Path(name)
        # cocotb rewrites assertions through pytest, which must not find a project's settings.
        (folder / "pytest.ini").write_text("[pytest]\n")
        inputs = [port.name for port in module_ports(verilog, top) if port.is_input]
        environment.write(
            folder / "testbench.json", seed=seed, parameters=parameters or {}, inputs=inputs
        )
        status = run_logged(
            _command(simulator, program, folder if waves else None),
            folder=folder,
            log=folder / "log",
            environment=_variables(top, test_module, tests, seed, simulator, folder),
            timeout=timeout,
        )
        if waves is not None:
            _move_waves(folder, waves)
        kept = build_root / "failed" / f"{top}-{program.parent.name}-{seed}.log"
        what = f"{top} in {simulator.value}"
        return _conclude(folder, status, seed, build_seconds, what, kept)


def _move_waves(folder: Path, waves: Path) -> None:
    if (folder / "waves.vcd").exists():
        waves.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(folder / "waves.vcd", waves)


def _conclude(
    folder: Path, status: int | None, seed: int, build_seconds: float, what: str, kept: Path
) -> RunResult:
    """Return the results of a run that is over, its log kept unless all passed."""
    try:
        result = _read(folder, status, seed, build_seconds, what)
    except SimulationError as error:
        said = tail(_keep_log(folder, kept))
        raise SimulationError(
            f"{error} (seed {seed}); its log, {kept}, ends with\n{said}"
        ) from None
    if result.failures:
        _keep_log(folder, kept)
        return replace(result, log=kept)
    return result


def _read(
    folder: Path, status: int | None, seed: int, build_seconds: float, what: str
) -> RunResult:
    """Return the results, or raise SimulationError if there are none."""
    if status is None:
        raise SimulationError(f"{what} took too long and was stopped")
    try:
        result = read_results(folder / "results.xml", seed=seed, build_seconds=build_seconds)
    except (FileNotFoundError, ElementTree.ParseError):
        raise SimulationError(f"{what} ended with exit status {status} in the middle") from None
    if not result.passed and not result.failures:
        raise SimulationError(f"{what} ran no test")
    return result


def _command(simulator: Simulator, program: Path, waves: Path | None) -> Sequence[str]:
    path = "" if waves is None else str(waves / "waves.vcd")
    if simulator is Simulator.VERILATOR:
        return (str(program), *(("--trace", "--trace-file", path) if path else ()))
    library = config.lib_entry("vpi", "icarus")
    return ("vvp", "-m", library, str(program), *((f"+waves={path}",) if path else ("-none",)))


def _variables(
    top: str,
    test_module: str,
    tests: Sequence[str],
    seed: int,
    simulator: Simulator,
    folder: Path,
) -> dict[str, str]:
    variables = {
        "COCOTB_TOPLEVEL": top,
        "COCOTB_TEST_MODULES": test_module,
        "COCOTB_RANDOM_SEED": str(seed),
        "COCOTB_RESULTS_FILE": str(folder / "results.xml"),
        "COCOTB_ANSI_OUTPUT": "0",
        # Else every module that is imported, NumPy too, is compiled again for its assertions.
        "COCOTB_REWRITE_ASSERTION_FILES": test_module.rpartition(".")[2] + ".py",
        "GPI_USERS": f"{_libpython()};{config.pygpi_entry_point()}",
        "PATH": os.environ.get("PATH", "") + os.pathsep + str(config.libs_dir),
        "PYGPI_PYTHON_BIN": sys.executable,
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path),
        "TOPLEVEL_LANG": "verilog",
        environment.VARIABLE: str(folder / "testbench.json"),
    }
    if tests:
        names = "|".join(re.escape(name) for name in tests)
        variables["COCOTB_TEST_FILTER"] = rf"\.({names})$"
    if simulator is Simulator.VERILATOR:
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


def _keep_log(folder: Path, kept: Path) -> str:
    """Keep the log of a run, and return it."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(folder / "log", kept)
    return kept.read_text(encoding="utf-8", errors="replace")
