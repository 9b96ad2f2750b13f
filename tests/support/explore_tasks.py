"""Points for tests of the exploration, and patience."""

import time
from pathlib import Path

from flow.explore.axes import parse_axes
from flow.explore.point import Point
from flow.explore.space import designs_of
from flow.explore.task import Task
from flow.explore.workload import load_workload

DESIGN = designs_of(parse_axes({"rows": "4", "cols": "4"}), load_workload("8x8x8")).designs[0]


def tasks(folder, *seeds):
    return [Task(Point(DESIGN, seed, 200), f"key{seed}", "print", folder, 1) for seed in seeds]


def is_gone(process):
    """Whether it has ended; nobody need have asked for its status."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def wait_until(is_so, seconds=20):
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it must happen in time"
        time.sleep(0.01)
