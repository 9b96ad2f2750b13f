"""Where points are measured: on the cores of this machine."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Protocol, Self

from flow.explore.measurement import Measurement
from flow.explore.point_process import Measure, PointRunner
from flow.explore.task import Task

__all__ = ["Executor", "LocalExecutor", "Outstanding"]


class Outstanding(Protocol):
    """What will be the result of a task; like `concurrent.futures.Future`."""

    def add_done_callback(self, call: Callable[[Any], Any], /) -> None:
        """Call a function with this when the result is there, from whatever thread."""

    def result(self) -> Measurement:
        """Return the result; UserError if nothing is known of the point."""


class Executor(Protocol):
    """A place with workers."""

    def submit(self, task: Task) -> Outstanding:
        """Have a task done when a worker is free."""

    def workers(self) -> int:
        """How many there are now."""

    def stop(self) -> None:
        """Begin no more tasks, and end those that run, if possible."""

    def __enter__(self) -> Self:
        """Have workers."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Have no more."""


class LocalExecutor:
    """Some processes at a time.

    Parameters
    ----------
    measure : Measure
        What is done to a point.
    workers : int
        How many.
    """

    def __init__(self, measure: Measure, workers: int) -> None:
        self._runner = PointRunner(measure)
        self._workers = workers
        self._threads = ThreadPoolExecutor(workers)

    def submit(self, task: Task) -> Outstanding:
        """Have a task done when a worker is free."""
        return self._threads.submit(self._runner, task)

    def workers(self) -> int:
        """How many processes there are at most."""
        return self._workers

    def stop(self) -> None:
        """Kill the processes."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._runner.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._threads.shutdown()
