"""The registry of testbenches: what is simulated, in which configurations.

Every module of `sim.testbenches` holds the cocotb tests of one component and a `TESTBENCH` that
says how to build it. `lastbit simulate` and pytest run the same ones.
"""

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from hw.emit import emit_verilog
from sim.results import RunResult
from sim.runner import run
from sim.simulator import Simulator

__all__ = ["Case", "Testbench", "cases", "report", "run_case", "testbenches"]

# Elaboration and Yosys are not made for threads; the simulators are programs of their own.
_emitting = Lock()


@dataclass(frozen=True)
class Testbench:
    """How to build the component that the tests of a module are about.

    Parameters
    ----------
    build
        Called with the parameters of a configuration, returns the Amaranth component.
    everyday
        Parameters, of types that JSON holds, of the configurations that are quick to run.
    long
        Those that take more than a few seconds each.
    """

    build: Callable[..., Any]
    everyday: Sequence[Mapping[str, Any]]
    long: Sequence[Mapping[str, Any]] = ()

    __test__ = False  # not for pytest to collect


@dataclass(frozen=True)
class Case:
    """One configuration of one testbench: ``name`` is, for example, `skew:lanes=3,bits=8`."""

    testbench: str
    parameters: Mapping[str, Any]
    long: bool

    @property
    def configuration(self) -> str:
        """The parameters as text."""
        return ",".join(f"{key}={_text(value)}" for key, value in self.parameters.items())

    @property
    def name(self) -> str:
        """What selects this case on the command line."""
        return f"{self.testbench}:{self.configuration}" if self.parameters else self.testbench


def _text(value: Any) -> str:
    return "+".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


@cache
def testbenches() -> Mapping[str, Testbench]:
    """Return every testbench by its name, which is that of its module."""
    package = importlib.import_module("sim.testbenches")
    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    modules = {name: importlib.import_module(f"sim.testbenches.{name}") for name in names}
    return {name: module.TESTBENCH for name, module in modules.items()}


def cases() -> list[Case]:
    """Return every configuration of every testbench."""
    return [
        Case(name, parameters, long)
        for name, testbench in testbenches().items()
        for long, listed in ((False, testbench.everyday), (True, testbench.long))
        for parameters in listed
    ]


def run_case(
    case: Case,
    *,
    simulator: Simulator,
    seed: int,
    waves: Path | None = None,
    tests: Sequence[str] = (),
    build_root: Path = Path("build/sim"),
    emit: Callable[[Any, str], str] = emit_verilog,
) -> RunResult:
    """Generate the Verilog of a case and run its tests, as ``sim.runner.run`` does.

    ``waves`` is a folder, into which the case's .vcd file goes; ``emit`` makes the text of a
    component and the name of its module.
    """
    with _emitting:
        component = testbenches()[case.testbench].build(**case.parameters)
        verilog = emit(component, case.testbench)
    return run(
        verilog,
        case.testbench,
        f"sim.testbenches.{case.testbench}",
        simulator=simulator,
        seed=seed,
        parameters=case.parameters,
        tests=tests,
        waves=None if waves is None else waves / f"{case.name.replace(':', '-')}.vcd",
        build_root=build_root,
    )


def report(case: Case, result: RunResult, simulator: Simulator) -> str:
    """Return what failed, the seed and the command that repeats it."""
    lines = [
        f"{case.name}: {failure.name}: {failure.message.partition(chr(10))[0]}"
        for failure in result.failures
    ]
    if result.log is not None:
        lines.append(f"more is in {result.log}")
    lines.append(f"repeat with: {repeat_command(case, simulator, result.seed)}")
    return "\n".join(lines)


def repeat_command(case: Case, simulator: Simulator, seed: int) -> str:
    """Return the command line that runs one case again."""
    chosen = "" if simulator is Simulator.VERILATOR else f" --simulator {simulator.value}"
    return f"lastbit simulate {case.name}{chosen} --seed {seed}"
