"""Waveforms in .vcd files: a part of one, counted in cycles of a program.

Cycle n begins with a rising edge of the clock; what is seen in it are the values after that edge.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sim.clock import CLOCK_PERIOD_NS

__all__ = ["Signal", "Waveform", "cut_waveform", "read_waveform"]

_RUNNING = "1"


@dataclass(frozen=True)
class Signal:
    """A variable of a file: the scope and the name it has, its bits, and its code in the file."""

    scope: tuple[str, ...]
    name: str
    bits: int
    code: str

    @property
    def path(self) -> str:
        """Scopes and name, with dots between."""
        return ".".join((*self.scope, self.name))


@dataclass(frozen=True, eq=False)
class Waveform:
    """A file.

    Parameters
    ----------
    header : its lines up to the values
    signals : all
    steps : times in ns, and the values by code that change then
    """

    header: str
    signals: tuple[Signal, ...]
    steps: list[tuple[int, dict[str, str]]]

    def signal(self, suffix: str) -> Signal:
        """The only signal whose path ends so. ValueError if there are none or several."""
        found = {
            signal.code: signal
            for signal in self.signals
            if f".{signal.path}".endswith(f".{suffix}")
        }
        if len(found) != 1:
            paths = ", ".join(signal.path for signal in found.values()) or "none"
            raise ValueError(f"one signal must end in {suffix}, not {paths}")
        return next(iter(found.values()))

    def values(self, suffix: str) -> dict[int, int | None]:
        """What a signal is in each cycle of the file, counted by time; None if it is unknown."""
        code = self.signal(suffix).code
        clock = self._clock()
        seen: dict[int, int | None] = {}
        value, edge = "x", False
        for time, changes in self.steps:
            value = changes.get(code, value)
            edge = changes.get(clock) == _RUNNING
            if edge:
                seen[time // CLOCK_PERIOD_NS] = _number(value)
        return seen

    def _clock(self) -> str:
        return next(signal.code for signal in self.signals if signal.name == "clk")


def read_waveform(path: Path) -> Waveform:
    """Read a .vcd file whole."""
    text = path.read_text(encoding="utf-8")
    header, _, body = text.partition("$enddefinitions $end\n")
    return Waveform(header, tuple(_signals(header)), list(_steps(body)))


def cut_waveform(source: Path, target: Path, cycles: range) -> None:
    """Write the cycles of a program that a waveform of an accelerator shows.

    The program is the first one that runs in it. Time 0 is when it is started, so that cycle n is
    at n times the clock's period.
    """
    whole = read_waveform(source)
    clock = whole._clock()
    state = next(
        signal.code
        for signal in whole.signals
        if signal.name == "o_state" and "sequencer" in signal.scope[-1]
    )
    start = _start(whole, clock, state)
    first, last = (start + n * CLOCK_PERIOD_NS for n in (cycles.start, cycles.stop))
    before: dict[str, str] = {}
    lines = [whole.header + "$enddefinitions $end"]
    begun = False
    for time, changes in whole.steps:
        if time >= last:
            break
        before |= changes
        if time >= first:
            lines.append(f"#{time - start}")
            shown: Mapping[str, str] = changes if begun else before
            lines += [_change(code, value) for code, value in shown.items()]
            begun = True
    lines.append(f"#{last - start}")
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _start(whole: Waveform, clock: str, state: str) -> int:
    """When the cycle begins in which the first program is started: one before it is running."""
    before = "x"
    for time, changes in whole.steps:
        if changes.get(clock) == _RUNNING and _number(changes.get(state, before)) == 1:
            return time - CLOCK_PERIOD_NS
        before = changes.get(state, before)
    raise ValueError("no program runs in the waveform")


def _signals(header: str) -> Iterator[Signal]:
    scope: list[str] = []
    for line in header.splitlines():
        words = line.split()
        match words[:1]:
            case ["$scope"]:
                scope.append(words[2])
            case ["$upscope"]:
                scope.pop()
            case ["$var"]:
                yield Signal(tuple(scope), words[4], int(words[2]), words[3])


def _steps(body: str) -> Iterator[tuple[int, dict[str, str]]]:
    time, changes = 0, dict[str, str]()
    for line in body.splitlines():
        if not line or line.startswith("$"):
            continue
        if line.startswith("#"):
            if changes:
                yield time, changes
            time, changes = int(line[1:]), {}
        elif line[0] in "bB":
            value, _, code = line[1:].partition(" ")
            changes[code.strip()] = value
        else:
            changes[line[1:].strip()] = line[0]
    if changes:
        yield time, changes


def _change(code: str, value: str) -> str:
    return f"{value}{code}" if len(value) == 1 else f"b{value} {code}"


def _number(value: str) -> int | None:
    return int(value, 2) if set(value) <= {"0", "1"} else None
