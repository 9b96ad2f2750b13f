"""All points of a space measured: what is known is taken, what is found is kept at once."""

import queue
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from signal import SIGINT, default_int_handler, signal

from flow.errors import UserError
from flow.explore.executor import Executor, Outstanding
from flow.explore.fingerprint import fingerprint
from flow.explore.measurement import Measurement
from flow.explore.point import Design, Point
from flow.explore.store import Store
from flow.explore.task import Task

__all__ = ["Plan", "interruptible", "plan_run", "run_tasks"]

_Done = queue.SimpleQueue[tuple[Task, Outstanding]]

_SECONDS = 0.2
"""Between two looks at whether to stop."""


@dataclass(frozen=True)
class Plan:
    """What is to be done.

    Parameters
    ----------
    points : all of them, design by design
    known : results that the store has
    tasks : for the other points; all designs with the first seed come first
    """

    points: Sequence[Point]
    known: Mapping[Point, Measurement]
    tasks: Sequence[Task]


def plan_run(
    designs: Sequence[Design],
    seeds: Sequence[int],
    store: Store,
    *,
    frequency: float,
    timeout: float,
    folder: Path,
    again: bool = False,
) -> Plan:
    """Divide points into those that are known and those that are to be measured.

    Parameters
    ----------
    designs, seeds : sequence
        Each with each is a point.
    store : Store
        Of results.
    frequency : float
        That is aimed at, in MHz.
    timeout : float
        Seconds for place and route.
    folder : Path
        Where workers keep netlists.
    again : bool
        Whether failures are measured again.

    Raises
    ------
    UserError
        There is no place and route for a part.
    """
    points = [Point(design, seed, frequency) for design in designs for seed in seeds]
    known, tasks = {}, []
    for point in points:
        prints = fingerprint(point.design.of_part.family)
        key = point.key(prints)
        found = store.load(key, failures=not again)
        if found:
            known[point] = found
        else:
            tasks.append(Task(point, key, prints, folder, timeout))
    tasks.sort(key=lambda task: seeds.index(task.point.seed))
    return Plan(points, known, tasks)


@contextmanager
def interruptible() -> Iterator[threading.Event]:
    """Turn the first Ctrl-C of the block into an event; a second one interrupts as ever."""
    stop = threading.Event()

    def handle(*_: object) -> None:
        stop.set()
        signal(SIGINT, default_int_handler)

    before = signal(SIGINT, handle)
    try:
        yield stop
    finally:
        signal(SIGINT, before)


def run_tasks(
    tasks: Sequence[Task],
    executor: Executor,
    store: Store,
    *,
    on_result: Callable[[Task, Measurement], None] = lambda task, found: None,
    stop: threading.Event | None = None,
) -> dict[Point, Measurement]:
    """Measure points, and keep each result as soon as it is there.

    Parameters
    ----------
    tasks : sequence of Task
        In the order in which they begin.
    executor : Executor
        Where.
    store : Store
        Of results.
    on_result : callable
        Told of each result that is kept.
    stop : threading.Event, optional
        Ends it when it is set; what is finished by then is kept.

    Raises
    ------
    UserError
        Nothing can be known of a point: workers have other tools, or are gone. Other results that
        are there are kept.
    """
    done: _Done = queue.SimpleQueue()
    found: dict[Point, Measurement] = {}
    failures: list[UserError] = []
    stop = stop or threading.Event()

    def keep(task: Task, outstanding: Outstanding) -> None:
        try:
            store.save(task.key, task.point.name, measured := outstanding.result())
        except UserError as error:
            failures.append(error)
            return
        found[task.point] = measured
        on_result(task, measured)

    for task in tasks:
        executor.submit(task).add_done_callback(partial(_put, done, task))
    left = len(tasks)
    while left and not failures and not stop.is_set():
        try:
            ready = done.get(timeout=_SECONDS)
        except queue.Empty:
            continue
        left -= 1
        keep(*ready)
    all_ready = [done.get() for _ in range(done.qsize())]
    executor.stop()
    for ready in all_ready:
        keep(*ready)
    if failures:
        raise failures[0]
    return found


def _put(done: _Done, task: Task, outstanding: Outstanding) -> None:
    done.put((task, outstanding))
