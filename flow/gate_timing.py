"""Timing and power of a netlist, from OpenSTA."""

import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from flow.errors import UserError
from flow.gate_netlist import GateNetlist
from sim.errors import SimulationError
from sim.process import checked

__all__ = [
    "ACTIVITY",
    "Timing",
    "constraints",
    "is_there",
    "read_power",
    "run_opensta",
    "time_netlist",
]

ACTIVITY = 0.2
"""Transitions of a data net in a clock cycle that power is estimated for: dense int8 operands."""

_TEMPLATE = Path(__file__).parents[1] / "constraints" / "asic.sdc"
_TIMEOUT = 3600
_SLACK = re.compile(r"^\s*(-?[0-9.]+)\s+slack \((?:MET|VIOLATED)\)", re.MULTILINE)
_POWER = re.compile(r"^Total\s+([0-9.e+-]+)\s+([0-9.e+-]+)\s+([0-9.e+-]+)\s+([0-9.e+-]+)", re.M)


@dataclass(frozen=True)
class Timing:
    """What OpenSTA says of a netlist without wires.

    Parameters
    ----------
    period
        What was asked for, in ns.
    worst
        What is left of it on the longest path of all, those to outputs included, in ns.
    slack
        What is left of it at each block's registers, in ns: paths that end there.
    power
        Watts at that period and `ACTIVITY`: internal, switching, leakage and total.
    path
        The longest path, as a report.
    """

    period: float
    worst: float
    slack: Mapping[str, float]
    power: tuple[float, float, float, float]
    path: str

    def shortest_period(self, block: str | None = None) -> float:
        """The shortest period in ns that a block, or all of them, would work at."""
        return self.period - (self.worst if block is None else self.slack[block])


def is_there() -> bool:
    """Whether OpenSTA is installed."""
    return shutil.which("sta") is not None


def constraints(netlist: GateNetlist, period: float) -> str:
    """Return the SDC text of a netlist.

    Raises
    ------
    UserError
        The template is not there.
    """
    try:
        template = _TEMPLATE.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(
            f"{_TEMPLATE}: {error.strerror}; run lastbit from a clone, which has constraints/"
        ) from error
    inputs = [
        name
        for name, port in netlist.modules[netlist.top].ports.items()
        if port.is_input and name != "clk"
    ]
    values = {
        "period": f"{period:g}",
        "uncertainty": f"{0.03 * period:g}",
        "input_delay": f"{0.2 * period:g}",
        "output_delay": f"{0.2 * period:g}",
        "inputs": f"[get_ports {{{' '.join(f'{name}*' for name in inputs)}}}]",
    }
    return re.sub(r"\{(\w+)\}", lambda match: values[match[1]], template)


def time_netlist(
    netlist: GateNetlist, period: float, grouping: Mapping[str, str], rest: str
) -> Timing:
    """Return what OpenSTA says, block by block as `GateNetlist.blocks` has them.

    Raises
    ------
    UserError
        OpenSTA is missing or stops, or does not report what it was asked for.
    """
    paths = netlist.flip_flop_paths(grouping, rest)
    return _timing(run_opensta(netlist, period, _commands(paths)), period, list(paths))


def run_opensta(netlist: GateNetlist, period: float, commands: Sequence[str]) -> str:
    """Return what commands print once the netlist, its library and its constraints are read.

    Raises
    ------
    UserError
        OpenSTA is missing or stops, or a command fails: it goes on then, and ends with status 0.
    """
    if not is_there():
        raise UserError("OpenSTA is not installed; get it with `apt-get install opensta`")
    script = ["read_liberty cells.lib", "read_verilog netlist.v", f"link_design {netlist.top}"]
    script += ["source asic.sdc", *commands]
    with tempfile.TemporaryDirectory(prefix="lastbit-sta-") as name:
        folder = Path(name)
        (folder / "cells.lib").symlink_to(netlist.library.path)
        (folder / "netlist.v").write_text(netlist.verilog, encoding="utf-8")
        (folder / "asic.sdc").write_text(constraints(netlist, period), encoding="utf-8")
        (folder / "commands.tcl").write_text("\n".join(script) + "\n", encoding="utf-8")
        try:
            checked(
                ("sta", "-exit", "commands.tcl"),
                folder=folder,
                what=f"OpenSTA stops at {netlist.top}",
                timeout=_TIMEOUT,
            )
        except SimulationError as error:
            raise UserError(str(error)) from error
        log = (folder / "sta.log").read_text(encoding="utf-8")
    errors = re.findall(r"^Error: .*", log, re.MULTILINE)
    if errors:
        raise UserError(f"OpenSTA: {errors[0]}")
    return log


def read_power(report: str) -> tuple[float, float, float, float]:
    """Read the watts of a report: internal, switching, leakage and total.

    Raises
    ------
    UserError
        There are none.
    """
    found = _POWER.search(report)
    if found is None:
        raise UserError(f"OpenSTA reported no power; it said: {report.strip()[-200:]}")
    return (float(found[1]), float(found[2]), float(found[3]), float(found[4]))


def _commands(paths: Mapping[str, set[str]]) -> list[str]:
    commands = [
        'puts "== path"',
        "report_checks -path_delay max -fields {capacitance slew} -digits 3",
    ]
    for block, patterns in paths.items():
        pins = " ".join(sorted(patterns))
        commands += [
            f'puts "== block {block}"',
            f"report_checks -path_delay max -digits 3 -to [get_pins {{{pins}}}]",
        ]
    return [
        *commands,
        'puts "== power"',
        f"set_power_activity -global -activity {ACTIVITY}",
        "report_power -digits 4",
        'puts "== end"',
    ]


def _timing(log: str, period: float, blocks: list[str]) -> Timing:
    parts = dict(re.findall(r"^== ([^\n]+)\n(.*?)(?=^== )", log, re.MULTILINE | re.DOTALL))
    slack: dict[str, float] = {}
    for block in blocks:
        found = _SLACK.search(parts.get(f"block {block}", ""))
        if found is not None:
            slack[block] = float(found[1])
    worst = _SLACK.search(parts.get("path", ""))
    if worst is None:
        raise UserError(f"OpenSTA reported no path; it said: {log.strip()[-200:]}")
    power = read_power(parts.get("power", ""))
    return Timing(period, float(worst[1]), slack, power, parts["path"].strip())
