"""`lastbit explore`: configurations through the tools, and which of them are worth having."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flow.errors import UserError
from flow.explore.axes import AXES, parse_axes, read_axes

if TYPE_CHECKING:
    from threading import Event

    from rich.console import Console

    from flow.explore.executor import Executor
    from flow.explore.measurement import Measurement
    from flow.explore.point import Point
    from flow.explore.run import Plan
    from flow.explore.space import Refused
    from flow.explore.store import Store
    from flow.explore.task import Task

__all__ = ["command"]

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""


def _axis_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command an option for each axis; without one, the file or the default counts."""
    for name, axis in reversed(list(AXES.items())):
        function = click.option(
            f"--{name.replace('_', '-')}",
            metavar="LIST",
            help=f"{axis.about}  [default: {axis.default}]",
        )(function)
    return function


@click.command("explore")
@click.option(
    "--network",
    default="keyword",
    show_default=True,
    help="What is run: keyword, residual, a product MxKxN, or a .npz, .tflite or .onnx file.",
)
@_axis_options
@click.option(
    "--space",
    type=click.Path(path_type=Path),
    help="TOML file with values by these names; options go before it.",
)
@click.option("--frequency", type=float, default=200, show_default=True, help="Aim, in MHz.")
@click.option(
    "--timeout",
    type=float,
    default=900,
    show_default=True,
    help="Seconds for synthesis, and for place and route.",
)
@click.option("--workers", type=int, help="Processes at a time.  [default: one a core]")
@click.option("--scheduler", metavar="ADDRESS", help="Use the workers of a Dask scheduler instead.")
@click.option("--again", is_flag=True, help="Measure again what failed in an earlier run.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("build/explore"),
    show_default=True,
    help="Folder to write to, and where results of earlier runs are.",
)
def command(
    network: str,
    space: Path | None,
    frequency: float,
    timeout: float,
    workers: int | None,
    scheduler: str | None,
    again: bool,
    out: Path,
    **axes: str | None,
) -> None:
    """Measure accelerators: area, Fmax, throughput, and the Pareto front.

    A LIST has commas between its values. Every combination is synthesized with its memories and a
    serial line, placed and routed, and its cycles on the network are predicted. What is not legal
    is left out, and said.

    Each result is kept in OUT/results as soon as it is there; another run takes it from there.
    Writes results.json, results.csv, chart.svg and explore.html. Exit status: 0 done, 1 nothing
    could be routed, 2 bad input, 130 interrupted.
    """
    from rich.console import Console

    from flow.explore.output import show, write_files
    from flow.explore.run import interruptible
    from flow.explore.store import Store
    from flow.explore.summary import summarize

    _check(frequency, timeout, workers, scheduler)
    texts = read_axes(space) if space else {}
    texts |= {name: text for name, text in axes.items() if text is not None}
    progress = Console(stderr=True, highlight=False)
    store = Store(out / "results")
    with progress.status("compile"):
        refused, plan = _plan(
            network,
            texts,
            store,
            frequency=frequency,
            timeout=timeout,
            folder=out / "work",
            again=again,
        )
    click.echo(f"{len(plan.tasks)} points to measure, {len(plan.known)} known from earlier runs")
    with interruptible() as stop:
        measured = _measure(plan, store, scheduler, workers, progress, stop) if plan.tasks else {}
    known = {**plan.known, **measured}
    summaries = summarize({point: known[point] for point in plan.points if point in known})
    facts = {"network": network, "aim": f"{frequency:g} MHz"}
    show(summaries, refused, facts)
    for path in write_files(out, summaries, refused, facts):
        click.echo(path)
    left = len(plan.points) - len(known)
    if left:
        click.echo(f"interrupted with {left} points to go; the same command goes on")
        click.get_current_context().exit(INTERRUPTED)
    if all(each.fmax is None for each in summaries):
        click.get_current_context().exit(1)


def _plan(
    network: str, texts: Mapping[str, str], store: "Store", **settings: Any
) -> "tuple[Sequence[Refused], Plan]":
    """What is left out of the space, and what is to be done."""
    from flow.explore.run import plan_run
    from flow.explore.space import designs_of
    from flow.explore.workload import load_workload

    axes = parse_axes(texts)
    found = designs_of(axes, load_workload(network))
    if not found.designs:
        first = found.refused[0]
        raise UserError(f"no combination is legal; {first.name}: {first.reason}")
    return found.refused, plan_run(found.designs, axes["seeds"], store, **settings)


def _check(frequency: float, timeout: float, workers: int | None, scheduler: str | None) -> None:
    for name, value in (("--frequency", frequency), ("--timeout", timeout)):
        if not 0 < value < float("inf"):
            raise UserError(f"{name} must be above 0, not {value:g}")
    if workers is None:
        return
    if scheduler is not None:
        raise UserError("--workers is for this machine; a Dask scheduler has workers of its own")
    if workers < 1:
        raise UserError(f"--workers must be 1 or more, not {workers}")


def _measure(
    plan: "Plan",
    store: "Store",
    scheduler: str | None,
    workers: int | None,
    console: "Console",
    stop: "Event",
) -> "dict[Point, Measurement]":
    """Measure what is not known, with a bar and a line for each result."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from flow.explore.output import in_words
    from flow.explore.run import run_tasks

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with (
        _executor(scheduler, workers) as executor,
        Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as progress,
    ):
        count = executor.workers()
        if not count:
            console.print(f"no workers yet; start some with `dask worker {scheduler}`")
        bar = progress.add_task("place and route", total=len(plan.tasks))

        def tell(task: "Task", found: "Measurement") -> None:
            console.print(f"{task.point.name}: {in_words(found)}", markup=False, soft_wrap=True)
            progress.advance(bar)

        return run_tasks(plan.tasks, executor, store, on_result=tell, stop=stop)


def _executor(scheduler: str | None, workers: int | None) -> "Executor":
    from flow.explore.measure import measure_point

    if scheduler is not None:
        from flow.explore.cluster import DaskExecutor

        return DaskExecutor(measure_point, scheduler)
    from flow.explore.executor import LocalExecutor

    return LocalExecutor(measure_point, workers or os.cpu_count() or 1)
