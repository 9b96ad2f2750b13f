"""Power of a netlist as it runs a job: transitions of a waveform, given to OpenSTA pin by pin."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from flow.errors import UserError
from flow.gate_module import Module
from flow.gate_netlist import GateNetlist
from flow.gate_timing import read_power, run_opensta

__all__ = ["Activity", "measured_power", "read_activity"]

_CLOCK = "clk"

_PROCEDURE = """\
proc set_activity {activity pins} {
  # OpenSTA 2.0 stops in -pins, and has this instead.
  if {[catch {set_power_activity -pins $pins -activity $activity -duty 0.5}]} {
    foreach pin $pins { ::sta::set_power_pin_activity $pin $activity 0.5 }
  }
}"""


@dataclass(frozen=True, eq=False)
class Activity:
    """How often the nets of a netlist changed in a simulation, glitches within a cycle left out.

    Parameters
    ----------
    cycles
        Of the clock, those of the reset too.
    transitions
        From 0 to 1 or back, by the path of a cell's pin with slashes between.
    mean
        Transitions of a net in a cycle, the clock's net left out.
    """

    cycles: int
    transitions: Mapping[str, int]
    mean: float


def read_activity(waves: Path, netlist: GateNetlist) -> Activity:
    """Count the transitions at each pin of each cell in a .vcd file of a netlist.

    Raises
    ------
    UserError
        The file is not one of this netlist's.
    """
    with waves.open(encoding="utf-8") as file:
        pins, clock = _pins_by_code(file, set(_cells(netlist.modules, netlist.top, ())))
        counts = _transitions(file)
    cycles = counts[clock] // 2
    if not pins or not cycles:
        raise UserError(f"{waves} must be a waveform of {netlist.top} with its cells and its clock")
    nets = [counts[code] for code in pins if code != clock]
    return Activity(
        cycles,
        {pin: counts[code] for code, names in pins.items() for pin in names},
        sum(nets) / (len(nets) * cycles),
    )


def measured_power(
    netlist: GateNetlist, period: float, activity: Activity
) -> tuple[float, float, float, float]:
    """Return watts: internal, switching, leakage and total, as `flow.gate_timing.Timing.power`.

    Raises
    ------
    UserError
        OpenSTA is missing or stops, or reports no power.
    """
    by_count = defaultdict(list)
    for pin, count in activity.transitions.items():
        by_count[count].append(pin)
    # OpenSTA spreads the activity of the inputs over the gates before the first flip-flops.
    commands = [_PROCEDURE, f"set_power_activity -input -activity {activity.mean:.6f}"]
    commands += [
        f"set_activity {count / activity.cycles:.6f} [get_pins {{{' '.join(pins)}}}]"
        for count, pins in by_count.items()
    ]
    return read_power(run_opensta(netlist, period, [*commands, "report_power -digits 4"]))


def _cells(
    modules: Mapping[str, Module], name: str, path: tuple[str, ...]
) -> Iterator[tuple[str, ...]]:
    """The paths of all cells in a module and below."""
    for instance in modules[name].instances:
        inner = (*path, instance.name)
        if instance.kind in modules:
            yield from _cells(modules, instance.kind, inner)
        else:
            yield inner


def _pins_by_code(
    file: TextIO, cells: set[tuple[str, ...]]
) -> tuple[dict[str, list[str]], str | None]:
    """Read a header: the pins of cells by their net's code, and the code of the top's clock."""
    pins: dict[str, list[str]] = defaultdict(list)
    scope: list[str] = []
    clock = None
    for line in file:
        match line.split():
            case ["$enddefinitions", *_]:
                break
            case ["$scope", _, name, *_]:
                scope.append(name)
            case ["$upscope", *_]:
                scope.pop()
            case ["$var", "wire", "1", code, name, *_]:
                path = tuple(scope[1:])
                if path in cells:
                    pins[code].append("/".join((*path, name)))
                elif not path and name == _CLOCK:
                    clock = code
    return pins, clock


def _transitions(lines: Iterable[str]) -> Counter[str | None]:
    """Changes between 0 and 1 of each code; what was unknown before is not counted."""
    counts: Counter[str | None] = Counter()
    last: dict[str, str] = {}
    for line in lines:
        value = line[0]
        if value in "01":
            code = line[1:-1]
            if last.get(code, value) != value:
                counts[code] += 1
            last[code] = value
        elif value in "xz":
            last.pop(line[1:-1], None)
    return counts
