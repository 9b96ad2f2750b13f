"""One point in a process of its own, which may be killed without harm to any other.

`PointRunner` starts `python -m flow.explore.point_process`, writes what to call to its standard
input and reads what comes of it from its standard output. The input stays open meanwhile: when it
ends, whoever waited is gone, and the process ends with all that it started.
"""

import os
import pickle
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO

from flow.errors import UserError
from flow.explore.measurement import Measurement, Outcome
from flow.explore.task import Task

__all__ = ["ATTEMPTS", "Measure", "PointRunner", "run_point"]

Measure = Callable[[Task], Measurement]
"""A function of a module, since a process finds it by name."""

ATTEMPTS = 2
"""How often a point whose process is killed is tried."""


class PointRunner:
    """Measures points in processes; `stop` ends all of them, from any thread.

    Parameters
    ----------
    measure : Measure
        What is done to a point.
    """

    def __init__(self, measure: Measure) -> None:
        self._measure = measure
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._stopped = False

    def __call__(self, task: Task) -> Measurement:
        """Measure a point; if its process is killed, once more.

        Raises
        ------
        UserError
            That of the measurement: nothing is known of the point.
        InterruptedError
            `stop` was called.
        """
        killed = ""
        for _ in range(ATTEMPTS):
            status, output, said = self._attempt(task)
            if self._stopped:
                raise InterruptedError
            if status == 0:
                found = pickle.loads(output)
                if isinstance(found, UserError):
                    raise found
                assert isinstance(found, Measurement)
                return found
            if status > 0:
                return Measurement(Outcome.FAILED, reason=f"its process failed: {said}")
            killed = signal.Signals(-status).name
        reason = f"its process was killed {ATTEMPTS} times, by {killed}; it may need more memory"
        return Measurement(Outcome.KILLED, reason=reason)

    def _attempt(self, task: Task) -> tuple[int, bytes, str]:
        """Return the exit status, what was put out, and the last line of what was said."""
        with tempfile.TemporaryFile() as said:
            process = self._start(said)
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                with process.stdin as lifeline, process.stdout as result:
                    try:
                        lifeline.write(pickle.dumps((self._measure, task)))
                        lifeline.flush()
                    except BrokenPipeError:
                        pass  # the status says why
                    output = result.read()
                    status = process.wait()
            finally:
                with self._lock:
                    self._running.discard(process)
                _kill(process)  # what a killed process has started runs on
            said.seek(0)
            lines = said.read().decode(errors="replace").strip().splitlines()
            return status, output, lines[-1] if lines else ""

    def _start(self, said: BinaryIO) -> "subprocess.Popen[bytes]":
        with self._lock:
            if self._stopped:
                raise InterruptedError
            process = subprocess.Popen(
                [sys.executable, "-m", __name__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                start_new_session=True,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            )
            self._running.add(process)
            return process

    def stop(self) -> None:
        """Kill all processes, with those that they have started, and start no more."""
        with self._lock:
            self._stopped = True
            for process in self._running:
                _kill(process)


def _kill(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def run_point(measure: Measure, task: Task) -> Measurement:
    """Measure a point as `PointRunner` does."""
    return PointRunner(measure)(task)


def _end_with(lifeline: int) -> None:
    while os.read(lifeline, 1):
        pass
    os.killpg(0, signal.SIGKILL)


def _main() -> None:
    # What tools print must not get between the bytes of the result.
    with os.fdopen(os.dup(1), "wb") as result:
        os.dup2(2, 1)
        measure, task = pickle.load(sys.stdin.buffer)
        threading.Thread(target=_end_with, args=[sys.stdin.fileno()], daemon=True).start()
        found: Measurement | UserError
        try:
            found = measure(task)
        except UserError as error:
            found = error
        result.write(pickle.dumps(found))


if __name__ == "__main__":
    _main()
