"""Place and route by nextpnr: how fast a netlist is on a part, and how full the part.

Only the clock that is asked for is known to nextpnr; it has no delays inside a DSP block.
"""

import json
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flow.errors import UserError
from flow.fpga_tools import Run, find_tool, run_logged
from flow.parts import Family, Part
from flow.synthesis import Netlist

__all__ = ["Routed", "find_nextpnr", "place_and_route", "settings"]

_TOOLS = {
    Family.ECP5: "nextpnr-ecp5",
    Family.ICE40: "nextpnr-ice40",
    Family.GOWIN: "nextpnr-himbaechel-gowin",
}
_SIZES = {
    "LFE5U-12F": "--12k",
    "LFE5U-25F": "--25k",
    "LFE5U-45F": "--45k",
    "LFE5U-85F": "--85k",
    "iCE40UP5K": "--up5k",
}
# What the vendor calls a part without package and speed, and the die that it is made of.
_DEVICES = {"GW1NR-9": ("GW1NR-LV9", "GW1N-9C")}
_DEFAULT_SPEEDS = {Family.GOWIN: "C6/I5"}

LOG = "nextpnr.log"

# A netlist of so many look-up tables is an accelerator, and a smaller one an array or a lane.
_LARGE = 5000
_FOND_OF_TIMING = ("--placer-heap-timingweight", "30")


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
    design : Path
        The routed design, in the form that the family's packer reads.
    clocks : Mapping of str to float
        The fastest that each clock may be, in MHz.
    """

    fmax: float
    used: Mapping[str, int]
    available: Mapping[str, int]
    seconds: float
    design: Path
    clocks: Mapping[str, float]


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
    return find_tool(_TOOLS[family])


def settings(netlist: Netlist) -> tuple[str, ...]:
    """Return what nextpnr is told of how to place and route a netlist.

    For an ECP5, the placer with less wire in large netlists, and for small ones nextpnr's own,
    three times as fond of timing as it is of itself: docs/area-and-speed.md has both of each.
    """
    if netlist.family is not Family.ECP5:
        return ()
    placer = ("static",) if netlist.counts.luts >= _LARGE else ("heap", *_FOND_OF_TIMING)
    return ("--router", "router1", "--placer", *placer)


def place_and_route(
    netlist: Netlist,
    part: Part,
    *,
    package: str | None = None,
    speed: str | None = None,
    frequency: float,
    seed: int = 1,
    timeout: float = 600,
    pins: Path | None = None,
    run: Run | None = None,
) -> Routed | None:
    """Place and route a netlist; the log stays beside it.

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
    pins : Path, optional
        Where ports stand: a file in the form of the family (.lpf, .pcf, .cst). Without it they
        stand anywhere.
    run : callable, optional
        Runs nextpnr.

    Raises
    ------
    UserError
        There is no nextpnr, no such package or speed, or nextpnr fails.
    """
    suffix, options = _options(part, *_chosen(part, package, speed), pins and pins.resolve())
    tool = find_nextpnr(part.family)
    folder = netlist.path.resolve().parent
    report = folder / f"{netlist.top}.report.json"
    design = folder / f"{netlist.top}{suffix}"
    for old in (report, design):
        old.unlink(missing_ok=True)
    command = [tool, *settings(netlist), *options, str(design), "--report", str(report)]
    command += ["--json", str(netlist.path.resolve()), "--freq", f"{frequency:g}"]
    command += ["--seed", str(seed), "--timing-allow-fail"]
    start = time.perf_counter()
    try:
        status = (run or run_logged(LOG))(command, folder, timeout)
    except subprocess.TimeoutExpired:
        return None
    seconds = time.perf_counter() - start
    # The exit status is no answer: it is 1 where only the frequency was missed.
    try:
        return _routed(report, design, seconds)
    except (OSError, ValueError, KeyError) as error:
        raise _without_report(netlist.top, status, folder / LOG) from error


def _chosen(part: Part, package: str | None, speed: str | None) -> tuple[str, str | None]:
    package, speed = package or part.packages[0], speed or next(iter(part.speeds), None)
    for name, value, legal in (("package", package, part.packages), ("speed", speed, part.speeds)):
        if legal and value not in legal:
            raise UserError(f"{name} of {part.name} must be one of {', '.join(legal)}, not {value}")
    return package, speed


def _options(
    part: Part, package: str, speed: str | None, pins: Path | None
) -> tuple[str, list[str]]:
    """The suffix of the routed design, and what a family's nextpnr is told, up to its path."""
    if part.family is Family.ECP5:
        options = [_SIZES[part.name], "--package", package, "--speed", str(speed)]
        options += ["--lpf", str(pins)] if pins else ["--lpf-allow-unconstrained"]
        return ".config", [*options, "--textcfg"]
    if part.family is Family.ICE40:
        options = [_SIZES[part.name], "--package", package.lower()]
        return ".asc", [*options, *(["--pcf", str(pins)] if pins else []), "--asc"]
    device, die = _DEVICES[part.name]
    speed = speed or _DEFAULT_SPEEDS[part.family]
    options = ["--device", f"{device}{package}{speed}", "--vopt", f"family={die}"]
    options += ["--vopt", f"cst={pins}"] if pins else []
    return ".routed.json", [*options, "--write"]


def _routed(report: Path, design: Path, seconds: float) -> Routed:
    told = json.loads(report.read_text(encoding="utf-8"))
    places = told["utilization"]
    clocks = {name: float(clock["achieved"]) for name, clock in told["fmax"].items()}
    return Routed(
        min(clocks.values()),
        {kind: place["used"] for kind, place in places.items()},
        {kind: place["available"] for kind, place in places.items()},
        seconds,
        design,
        clocks,
    )


def _without_report(top: str, status: int, log: Path) -> UserError:
    """What there is to say of a run without a report: with the first error in its log."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    errors = (line for line in lines if line.startswith("ERROR: "))
    said = next((f": {line.removeprefix('ERROR: ')}" for line in errors), "")
    return UserError(
        f"nextpnr must leave a report of {top}, and ended with status {status} and none; "
        f"{log} says why{said}"
    )
