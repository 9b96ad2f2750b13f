"""Running a tool: bounded in time, its output kept for the message when it fails."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from sim.errors import SimulationError, tail

__all__ = ["checked", "run_logged"]

_PR_SET_PDEATHSIG = 1


def run_logged(
    command: Sequence[str],
    *,
    folder: Path,
    log: Path,
    environment: Mapping[str, str] | None = None,
    timeout: float,
) -> int | None:
    """Run ``command`` in ``folder``, its output into ``log``; return its status, None if too late.

    The command has its own process group, so that a timeout ends its children as well; on Linux
    it ends with the thread that waits for it, however that ends.
    """
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,
        )
        try:
            return process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _end_with_parent() -> None:
    """Have Linux kill this process when the one that started it is no more."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def checked(
    command: Sequence[str],
    *,
    folder: Path,
    what: str,
    environment: Mapping[str, str] | None = None,
    timeout: float,
) -> None:
    """Run ``command`` in ``folder``; raise SimulationError, begun with ``what``, if it fails."""
    log = folder / f"{Path(command[0]).name}.log"
    status = run_logged(command, folder=folder, log=log, environment=environment, timeout=timeout)
    if status is None:
        raise SimulationError(f"{what}: not done after {timeout:g} s")
    if status != 0:
        said = tail(log.read_text(encoding="utf-8", errors="replace"))
        raise SimulationError(f"{what}: exit status {status}\n{said}")
