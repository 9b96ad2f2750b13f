import subprocess
import sys
import time
from pathlib import Path

import pytest

# The shell becomes the tool, so that the number is that of what must end.
COMMAND = ["sh", "-c", "echo $$; exec sleep 60"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
def test_a_tool_ends_with_a_test_that_is_killed(tmp_path):
    log = tmp_path / "log"
    text = (
        "from pathlib import Path; from sim.process import run_logged; "
        f"run_logged({COMMAND}, folder=Path(), log=Path({str(log)!r}), timeout=60)"
    )
    with subprocess.Popen([sys.executable, "-c", text]) as test:
        tool = int(wait_for(lambda: log.exists() and log.read_text()))
        assert runs(tool)
        test.kill()
    wait_for(lambda: not runs(tool))


def wait_for(what):
    """Return what is true in the end, which comes in seconds."""
    for _ in range(500):
        if found := what():
            return found
        time.sleep(0.02)
    return pytest.fail("it did not come in 10 s")


def runs(number):
    """Whether a process runs; one that has ended may be there until somebody asks how."""
    try:
        told = Path(f"/proc/{number}/stat").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return told.rpartition(")")[2].split()[0] != "Z"
