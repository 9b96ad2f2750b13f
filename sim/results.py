"""What a simulation run found."""

from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from sim.clock import CLOCK_PERIOD_NS

__all__ = ["Failure", "RunResult", "read_results"]


@dataclass(frozen=True)
class Failure:
    """A test that failed: its name and the message of what it raised."""

    name: str
    message: str


@dataclass(frozen=True)
class RunResult:
    """What the tests of one simulator run found.

    ``cycles`` counts clock cycles from the first test's first edge to the end. ``seconds`` is the
    wall time of the tests, and ``build_seconds`` that of the build, nearly 0 when it was cached.
    """

    passed: tuple[str, ...]
    failures: tuple[Failure, ...]
    cycles: int
    seconds: float
    build_seconds: float
    seed: int
    log: Path | None = None
    """What the simulator and cocotb wrote, kept if a test failed."""

    @property
    def ok(self) -> bool:
        """Whether there was a test, and every test passed."""
        return bool(self.passed) and not self.failures


def read_results(path: Path, *, seed: int, build_seconds: float) -> RunResult:
    """Return what cocotb's xUnit file at ``path`` says.

    Raises
    ------
    ElementTree.ParseError
        The file is cut short.
    """
    passed: list[str] = []
    failures: list[Failure] = []
    nanoseconds = seconds = 0.0
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        name = case.get("name", "")
        properties = {p.get("name"): p.get("value") for p in case.iter("property")}
        nanoseconds += float(properties.get("sim_time_duration") or 0)
        seconds += float(case.get("time", 0))
        trouble = [element for tag in ("failure", "error") for element in case.iter(tag)]
        if trouble:
            failures.append(Failure(name, _message(trouble[0])))
        elif not list(case.iter("skipped")):
            passed.append(name)
    cycles = round(nanoseconds / CLOCK_PERIOD_NS)
    return RunResult(tuple(passed), tuple(failures), cycles, seconds, build_seconds, seed)


def _message(element: ElementTree.Element) -> str:
    return element.get("message") or element.get("type") or "no message"
