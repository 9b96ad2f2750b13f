"""Place and route by nextpnr: how fast a netlist is on a part, and how full the part.

Only the clock that is asked for is known to nextpnr; it has no delays inside a DSP block.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from flow.errors import UserError
from flow.parts import Family, Part
from flow.synthesis import Netlist

__all__ = ["Routed", "find_nextpnr", "place_and_route"]

_TOOLS = {Family.ECP5: "nextpnr-ecp5"}
_SIZES = {"LFE5U-12F": "--12k", "LFE5U-25F": "--25k", "LFE5U-45F": "--45k", "LFE5U-85F": "--85k"}

Run = Callable[[Sequence[str], Path, float], int]
"""Runs a command in a folder for at most some seconds; returns its exit status."""


@dataclass(frozen=True)
class Routed:
    """What nextpnr says of a routed design.

    Parameters
    ----------
    fmax : float
        Of the slowest clock, in MHz.
    used, available : Mapping of str to int
        Of each kind of place.
    seconds : float
        How long it took.
    """

    fmax: float
    used: Mapping[str, int]
    available: Mapping[str, int]
    seconds: float


def find_nextpnr(family: Family) -> str:
    """Return the command: of a variable like NEXTPNR_ECP5, of YoWASP in this Python, or installed.

    Raises
    ------
    UserError
        There is none.
    """
    if family not in _TOOLS:
        known = ", ".join(known.value for known in _TOOLS)
        raise UserError(f"place and route must be for one of {known}, not {family.value}")
    tool = _TOOLS[family]
    asked = os.environ.get(tool.upper().replace("-", "_"))
    beside = Path(sys.executable).with_name(f"yowasp-{tool}")
    found = shutil.which(asked) if asked else None
    found = found or (str(beside) if beside.exists() else None)
    found = found or shutil.which(tool) or shutil.which(f"yowasp-{tool}")
    if found is None:
        raise UserError(
            f"{tool} is not installed; get it with `pip install yowasp-{tool}`, "
            "or with `pip install 'lastbit[fpga]'`"
        )
    return found


def _run(command: Sequence[str], folder: Path, timeout: float) -> int:
    with (folder / "nextpnr.log").open("w", encoding="utf-8") as log:
        return subprocess.run(
            command, cwd=folder, stdout=log, stderr=log, timeout=timeout, check=False
        ).returncode


def place_and_route(
    netlist: Netlist,
    part: Part,
    *,
    package: str | None = None,
    speed: str | None = None,
    frequency: float,
    seed: int = 1,
    timeout: float = 600,
    run: Run = _run,
) -> Routed | None:
    """Place and route a netlist without pins; the log stays beside it.

    Parameters
    ----------
    netlist : Netlist
        Its folder must not be under /tmp, of which YoWASP's tools have their own.
    part : Part
        What it goes into.
    package, speed : str, optional
        The part's first package and its slowest speed if not given.
    frequency : float
        What is aimed at, in MHz. To miss it is no error.
    seed : int
        Of the placer; results differ by a tenth.
    timeout : float
        Seconds after which there is no answer: None. The router may never end.
    run : callable
        Runs nextpnr.

    Raises
    ------
    UserError
        There is no nextpnr, no such package or speed, or nextpnr fails.
    """
    package, speed = package or part.packages[0], speed or part.speeds[0]
    for name, value, legal in (("package", package, part.packages), ("speed", speed, part.speeds)):
        if value not in legal:
            raise UserError(f"{name} of {part.name} must be one of {', '.join(legal)}, not {value}")
    tool = find_nextpnr(part.family)
    folder = netlist.path.resolve().parent
    report = folder / f"{netlist.top}.report.json"
    report.unlink(missing_ok=True)
    command = [tool, _SIZES[part.name], "--package", package, "--speed", speed]
    command += ["--json", str(netlist.path.resolve()), "--report", str(report)]
    command += ["--freq", f"{frequency:g}", "--seed", str(seed), "--router", "router1"]
    command += ["--timing-allow-fail", "--lpf-allow-unconstrained"]
    start = time.perf_counter()
    try:
        status = run(command, folder, timeout)
    except subprocess.TimeoutExpired:
        return None
    seconds = time.perf_counter() - start
    # The exit status is no answer: it is 1 where only the frequency was missed.
    try:
        return _routed(report, seconds)
    except (OSError, ValueError, KeyError) as error:
        raise UserError(
            f"nextpnr must leave a report of {netlist.top}, and ended with status {status} "
            f"and none; {folder / 'nextpnr.log'} says why"
        ) from error


def _routed(report: Path, seconds: float) -> Routed:
    told = json.loads(report.read_text(encoding="utf-8"))
    places = told["utilization"]
    return Routed(
        min(float(clock["achieved"]) for clock in told["fmax"].values()),
        {kind: place["used"] for kind, place in places.items()},
        {kind: place["available"] for kind, place in places.items()},
        seconds,
    )
