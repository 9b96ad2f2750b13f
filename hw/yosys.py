"""Yosys, run apart from this process: it prints on its own and ends the process on an error."""

import subprocess
import sys

__all__ = ["run_yosys"]

_SCRIPT = """
import sys
from pyosys import libyosys
design = libyosys.Design()
for command in sys.argv[1:]:
    libyosys.run_pass(command, design)
"""


def run_yosys(*commands, timeout=None):
    """Run commands on one design, in order, and return what Yosys printed.

    Raises
    ------
    RuntimeError
        A command failed; the sentence ends with what Yosys said last.
    subprocess.TimeoutExpired
        They did not end in `timeout` seconds.
    """
    process = subprocess.run(
        [sys.executable, "-c", _SCRIPT, *commands],
        capture_output=True, text=True, check=False, timeout=timeout,
    )
    if process.returncode != 0:
        last = (process.stdout + process.stderr).strip().splitlines()[-1:]
        raise RuntimeError(f"yosys failed on {commands[0]!r} or after: {' '.join(last)}")
    return process.stdout
