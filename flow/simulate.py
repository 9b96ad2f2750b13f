"""Choosing testbenches, running them side by side, and summing up."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich import box
from rich.table import Table

from flow.errors import UserError
from flow.netlist_verilog import netlist_verilog
from flow.parts import Family
from hw.emit import emit_verilog
from sim import testbench
from sim.errors import SimulationError
from sim.results import RunResult
from sim.simulator import Simulator
from sim.testbench import Case

__all__ = ["Outcome", "choose_cases", "run_cases", "summary"]


@dataclass(frozen=True)
class Outcome:
    """What became of a case: a result, or the reason why there is none."""

    case: Case
    result: RunResult | None
    trouble: str
    """What failed and how to repeat it, empty if every test passed."""

    @property
    def ok(self) -> bool:
        """Whether every test passed."""
        return not self.trouble


def choose_cases(names: Sequence[str], *, long: bool) -> list[Case]:
    """Return the cases of the named testbenches, or of all; a case that is named itself as well.

    Raises
    ------
    UserError
        There is no such testbench or case.
    """
    cases = testbench.cases()
    if not names:
        return [case for case in cases if long or not case.long]
    chosen: list[Case] = []
    for name in names:
        found = [case for case in cases if case.name == name] or [
            case for case in cases if case.testbench == name and (long or not case.long)
        ]
        if not found:
            raise UserError(_unknown(name))
        chosen += [case for case in found if case not in chosen]
    return chosen


def _unknown(name: str) -> str:
    known = testbench.testbenches()
    first = name.partition(":")[0]
    if first in known:
        cases = [case.configuration for case in testbench.cases() if case.testbench == first]
        return f"testbench {first} has no configuration {name!r}; it has {'; '.join(cases)}"
    return f"there is no testbench {first!r}; the testbenches are {', '.join(known)}"


def run_cases(
    cases: Sequence[Case],
    *,
    simulator: Simulator,
    seed: int,
    waves: Path | None,
    jobs: int,
    family: Family | None = None,
) -> Iterator[Outcome]:
    """Run cases, ``jobs`` at a time, and yield each outcome when it is there.

    What runs is the Verilog, or the netlist of a family's cells.
    """
    emit = emit_verilog if family is None else partial(netlist_verilog, family=family)
    option = "" if family is None else f" --netlist {family.value}"

    def run(case: Case) -> Outcome:
        try:
            result = testbench.run_case(
                case, simulator=simulator, seed=seed, waves=waves, emit=emit
            )
        except (SimulationError, UserError) as error:
            repeat = testbench.repeat_command(case, simulator, seed)
            return Outcome(case, None, f"{case.name}: {error}\nrepeat with: {repeat}{option}")
        trouble = "" if result.ok else testbench.report(case, result, simulator) + option
        return Outcome(case, result, trouble)

    with ThreadPoolExecutor(jobs) as pool:
        futures = [pool.submit(run, case) for case in cases]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def summary(outcomes: Sequence[Outcome]) -> Table:
    """Return the table of what ran."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("testbench", no_wrap=True)
    table.add_column("configuration", overflow="fold")
    for column in ("tests", "cycles", "cycles/s", "seconds"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("result", no_wrap=True)
    for outcome in sorted(outcomes, key=lambda outcome: outcome.case.name):
        case, result = outcome.case, outcome.result
        if result is None:
            table.add_row(case.testbench, case.configuration, *[""] * 4, "[red]no verdict")
            continue
        failed = len(result.failures)
        table.add_row(
            case.testbench,
            case.configuration,
            str(len(result.passed) + failed),
            f"{result.cycles:,}",
            f"{result.cycles / max(result.seconds, 1e-3):,.0f}",
            f"{result.build_seconds + result.seconds:.1f}",
            f"[red]{failed} failed" if failed else "[green]passed",
        )
    return table
