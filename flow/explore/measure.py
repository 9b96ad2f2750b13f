"""A point through synthesis, placement, place and route."""

import json
import platform
import re
import shutil
import subprocess
import tempfile
from functools import partial
from pathlib import Path

from flow.errors import UserError
from flow.explore.fingerprint import fingerprint
from flow.explore.measurement import Measurement, Outcome
from flow.explore.task import Task
from flow.fit import lacking
from flow.floorplan import place_blocks
from flow.hardware_verilog import TOP, description
from flow.place_and_route import LOG, find_nextpnr, place_and_route
from flow.synthesis import Netlist, synthesize
from hw.accelerator_uart import AcceleratorUart
from hw.yosys import run_yosys
from sim.build_cache import build_once, content_hash

__all__ = ["measure_point"]

_DIVISOR = 868
"""Cycles of a bit on the serial line: nothing that is measured depends on it."""

_USED = re.compile(r"^Info:\s+(\w+):\s*(\d+)/\s*(\d+)\s+\d+%", re.MULTILINE)
_CELLS = "cells.json"


def measure_point(task: Task) -> Measurement:
    """Measure the accelerator with its memories and a serial line.

    Raises
    ------
    UserError
        The sources or tools here are not those that the result is to be of.
    """
    design = task.point.design
    if fingerprint(design.of_part.family) != task.fingerprint:
        raise UserError(
            f"lastbit or its tools on {platform.node()} must be those that the exploration began "
            "with, and are not; install the same versions, or begin again if they have changed"
        )
    folder = task.folder.resolve()
    yowasp = Path(find_nextpnr(design.of_part.family)).name.startswith("yowasp")
    if yowasp and folder.is_relative_to("/tmp"):
        raise UserError(
            f"--out must not be under /tmp, which YoWASP's nextpnr does not see, and {folder} is"
        )
    try:
        netlist = _netlist(task)
    except UserError as error:
        return Measurement(Outcome.FAILED, reason=str(error))
    except subprocess.TimeoutExpired:
        reason = f"yosys did not end in {task.timeout:g} s"
        return Measurement(Outcome.TIMED_OUT, reason=reason, seconds=task.timeout)
    if lack := lacking(netlist.counts, design.of_part):
        return Measurement(Outcome.DOES_NOT_FIT, counts=netlist.counts, reason=f"it {lack.said}")
    return _routed(task, netlist)


def _netlist(task: Task) -> Netlist:
    """Synthesize, or take what was synthesized for another seed or part."""
    config, family = task.point.design.config, task.point.design.of_part.family

    def build(folder: Path) -> None:
        component = AcceleratorUart(config, divisor=_DIVISOR)
        yosys = partial(run_yosys, timeout=task.timeout)
        made = synthesize(component, TOP, family, folder, yosys=yosys)
        (folder / _CELLS).write_text(json.dumps(dict(made.cells)), encoding="utf-8")

    name = content_hash(description(config), family.value, task.fingerprint)
    folder = build_once(task.folder.resolve() / f"netlist-{name}", build)
    cells = json.loads((folder / _CELLS).read_text(encoding="utf-8"))
    return Netlist(folder / f"{TOP}.json", TOP, family, cells)


def _routed(task: Task, netlist: Netlist) -> Measurement:
    """Place and route a copy of the netlist; its folder stays only if nextpnr fails."""
    design, counts = task.point.design, netlist.counts
    folder = Path(tempfile.mkdtemp(prefix=f"{task.key}-", dir=task.folder.resolve()))
    copied = Netlist(
        Path(shutil.copy(netlist.path, folder)), netlist.top, netlist.family, netlist.cells
    )
    outcome = Outcome.FAILED
    try:
        place_blocks(copied, design.config.engine, design.of_part)
        routed = place_and_route(
            copied,
            design.of_part,
            speed=design.speed or None,
            frequency=task.point.frequency,
            seed=task.point.seed,
            timeout=task.timeout,
        )
        outcome = Outcome.ROUTED if routed else Outcome.TIMED_OUT
    except UserError as error:
        if full := _full(folder / LOG, design.part):
            outcome = Outcome.DOES_NOT_FIT
        return Measurement(outcome, counts=counts, reason=full or str(error))
    finally:
        if outcome is not Outcome.FAILED:
            shutil.rmtree(folder, ignore_errors=True)
    if routed is None:
        reason = f"nextpnr did not end in {task.timeout:g} s"
        return Measurement(outcome, counts=counts, reason=reason, seconds=task.timeout)
    return Measurement(outcome, routed.fmax, counts, seconds=routed.seconds)


def _full(log: Path, part: str) -> str:
    """What nextpnr found too little of, by its table of what is used."""
    try:
        said = log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    for kind, used, there in _USED.findall(said):
        if int(used) > int(there):
            return f"it needs {int(used):,} {kind}, and {part} has {int(there):,}"
    return ""
