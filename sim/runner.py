"""Running cocotb tests on a Verilog text: one function over the simulators.

    result = run(text, "skew", "sim.testbenches.skew", seed=1)

The build is cached by content in ``build/sim``, so a second run of the same text starts at once.
"""

import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from sim import icarus, verilator
from sim.cocotb_process import LOG, WAVES, CocotbProcess
from sim.errors import SimulationError, tail
from sim.ports import module_ports
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
    verilog, top
        One standalone text, and its module to simulate, whose clock is ``clk``.
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

    cocotb = CocotbProcess(simulator, top, test_module, tests, seed)
    inputs = [port.name for port in module_ports(verilog, top) if port.is_input]
    with tempfile.TemporaryDirectory(prefix="run.", dir=build_root) as name:
        folder = Path(name)
        cocotb.prepare(folder, inputs=inputs, parameters=parameters or {})
        status = cocotb.run(program, folder, waves=waves is not None, timeout=timeout)
        _move_waves(folder, waves)
        kept = build_root / "failed" / f"{top}-{program.parent.name}-{seed}.log"
        return _conclude(folder, status, seed, build_seconds, f"{top} in {simulator.value}", kept)


def _move_waves(folder: Path, waves: Path | None) -> None:
    if waves is not None and (folder / WAVES).exists():
        waves.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(folder / WAVES, waves)


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


def _keep_log(folder: Path, kept: Path) -> str:
    """Keep the log of a run, and return it."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(folder / LOG, kept)
    return kept.read_text(encoding="utf-8", errors="replace")
