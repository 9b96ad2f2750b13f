"""What stands for the tools in tests of the exploration; seeds say what happens."""

import os
import signal
import time
from uuid import uuid4

from flow.errors import UserError
from flow.explore.measurement import Measurement, Outcome
from flow.explore.point_process import run_point
from flow.synthesis import CellCounts

FULL = 900
KILLED = 901
KILLED_ONCE = 902
BREAKS = 903
DIFFERS = 904
WAITS = 905
"""Until there is a file `go`."""


def measure(task):
    """Note that it began, then do what the seed says; as fast as the seed, in MHz."""
    seed = task.point.seed
    task.folder.mkdir(parents=True, exist_ok=True)
    count = len(began(task.folder, seed))
    (task.folder / f"began-{seed}-{uuid4().hex}-{os.getpid()}").touch()
    print("tools print what they like")
    if seed == KILLED or (seed == KILLED_ONCE and count == 0):
        os.kill(os.getpid(), signal.SIGKILL)
    if seed == BREAKS:
        raise RuntimeError("out of order")
    if seed == DIFFERS:
        raise UserError("the tools here must be those there, and are not")
    while seed >= WAITS and not (task.folder / "go").exists():
        time.sleep(0.01)
    if seed == FULL:
        return Measurement(Outcome.DOES_NOT_FIT, reason="it needs 9 x, not 8")
    rows = task.point.design.config.engine.rows
    return Measurement(Outcome.ROUTED, float(seed), CellCounts(100 * rows, 20, rows, 4, 0))


class Here:
    """Like `PointRunner`, without processes, for tests that kill none."""

    def __init__(self, measure):
        self._measure = measure

    def __call__(self, task):
        return self._measure(task)

    def stop(self):
        pass


def run_here(task):
    """Wait for a point, in a process that does nothing else."""
    try:
        run_point(measure, task)
    finally:
        os._exit(0)


def began(folder, seed):
    """Process numbers of those that began a seed."""
    return [int(path.name.split("-")[-1]) for path in folder.glob(f"began-{seed}-*")]
