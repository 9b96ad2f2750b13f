"""Where points are measured: on the workers of a Dask cluster.

A task of Dask starts the process that `flow.explore.point_process` describes and waits for it, so
a worker's event loop is never held up, and several threads of a worker do not meet in one Yosys.
"""

import logging
from collections.abc import Callable
from typing import Any, Self

from flow.errors import UserError
from flow.explore.executor import Outstanding
from flow.explore.measurement import Measurement, Outcome
from flow.explore.point_process import Measure, run_point
from flow.explore.task import Task

__all__ = ["DaskExecutor"]

_SECONDS = 10
"""For the scheduler to answer."""


class DaskExecutor:
    """The workers of a scheduler. When one dies, its tasks are begun again elsewhere.

    Parameters
    ----------
    measure : Measure
        What is done to a point.
    address : str
        Of the scheduler, for example tcp://host:8786.

    Raises
    ------
    UserError
        Dask is not installed, or no scheduler answers.
    """

    def __init__(self, measure: Measure, address: str) -> None:
        try:
            import distributed
        except ImportError as error:
            raise UserError(
                "--scheduler needs Dask, which is not installed; "
                "get it with `pip install 'lastbit[explore]'`"
            ) from error
        # What goes wrong is said in a sentence of ours.
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        self._measure = measure
        self._address = address
        connect: Any = distributed.Client
        try:
            self._client = connect(address, timeout=_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            raise UserError(
                f"--scheduler must be the address of a Dask scheduler, and none answers at "
                f"{address}; start one with `dask scheduler`"
            ) from error
        self._futures: list[Any] = []

    def submit(self, task: Task) -> Outstanding:
        """Have a task done when a worker is free."""
        future = self._client.submit(
            run_point, self._measure, task, key=f"lastbit-{task.key}", pure=False
        )
        self._futures.append(future)
        return _Outstanding(future, self._address)

    def workers(self) -> int:
        """How many tasks its workers take at a time."""
        threads: dict[str, int] = self._client.nthreads()
        return sum(threads.values())

    def stop(self) -> None:
        """Take back what no worker has begun; they finish what they have."""
        if self._client.status == "running":
            self._client.cancel(self._futures, force=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._client.close(timeout=_SECONDS)


class _Outstanding:
    """A future of Dask's, whose errors are the exploration's."""

    def __init__(self, future: Any, address: str) -> None:
        self._future = future
        self._address = address
        self._fetched: Any = None

    def add_done_callback(self, call: Callable[[Any], Any], /) -> None:
        """Call a function with this when the result has come from its worker."""

        def fetch(future: Any) -> None:
            try:
                self._fetched = future.result(timeout=_SECONDS)
            except Exception as error:
                if isinstance(error, TimeoutError) and future.status != "error":
                    # The worker died with the result, which is made again.
                    future.add_done_callback(fetch)
                    return
                self._fetched = error
            call(self)

        self._future.add_done_callback(fetch)

    def result(self) -> Measurement:
        """Return the result after the callback; the cluster need not keep it any longer.

        Raises
        ------
        UserError
            The scheduler is gone, or a worker cannot run points.
        """
        from distributed import KilledWorker

        found, by_worker = self._fetched, self._future.status == "error"
        self._future.release()
        if isinstance(found, KilledWorker):
            times = found.allowed_failures + 1
            return Measurement(Outcome.KILLED, reason=f"{times} workers died that were at it")
        if isinstance(found, UserError):
            raise found
        if isinstance(found, Exception) and by_worker:
            raise UserError(
                f"a worker of {self._address} cannot measure a point: {found}; install "
                "`lastbit[explore,fpga]` of the same version on all of them"
            ) from found
        if isinstance(found, Exception):
            raise UserError(
                f"the scheduler at {self._address} must be there until the end, and is gone; "
                "what is finished is kept: run the command again"
            ) from found
        assert isinstance(found, Measurement)
        return found
