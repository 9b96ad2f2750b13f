"""Buffers where a net of a netlist has many loads, which a synthesizer leaves to the layout.

ABC takes the inputs of a module for as strong as it likes, so without this a reset or an address
that a thousand gates listen to would be the worst path of any timing report.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from flow.gate_module import Instance, Module, Nets, clock_nets, constant_nets
from flow.liberty import CellKind, Direction, Library

__all__ = ["MOST_LOADS", "buffered"]

MOST_LOADS = 16
"""Loads of a net: a buffer of four times the smallest drives them as that drives four."""


@dataclass
class _Load:
    """What listens to a net: a bit of a pin, and how many gates are behind it."""

    pins: dict[str, Nets]
    pin: str
    bit: int
    weight: int


@dataclass
class _Rewriter:
    """Puts buffers into one module."""

    buffer: tuple[str, str, str]
    next_net: int
    instances: list[Instance] = field(default_factory=list)

    def spread(self, net: int | str, loads: list[_Load]) -> int:
        """Put loads behind buffers until few are left at the net; return how many those are."""
        while sum(load.weight for load in loads) > MOST_LOADS and len(loads) > 1:
            parts: list[list[_Load]] = [[]]
            room = MOST_LOADS
            for load in loads:
                if parts[-1] and load.weight > room:
                    parts.append([])
                    room = MOST_LOADS
                parts[-1].append(load)
                room -= load.weight
            loads = [self._behind(net, part) for part in parts]
        return sum(load.weight for load in loads)

    def _behind(self, net: int | str, loads: list[_Load]) -> _Load:
        kind, source, output = self.buffer
        driven, self.next_net = self.next_net, self.next_net + 1
        for load in loads:
            load.pins[load.pin][load.bit] = driven
        pins: dict[str, Nets] = {source: [net], output: [driven]}
        self.instances.append(Instance(f"fanout{driven}", kind, pins))
        return _Load(pins, source, 0, 1)


def buffered(
    modules: Mapping[str, Module], library: Library, top: str, clock: str
) -> dict[str, Module]:
    """Return the modules with buffers in every net of more than `MOST_LOADS` loads.

    The clock is left alone: its tree is made with the layout. So are constants. A library without a
    buffer gets none.
    """
    buffer = _stronger_buffer(library)
    if buffer is None:
        return dict(modules)
    clocks = clock_nets(modules, top, clock)
    done: dict[str, Module] = {}
    loads: dict[str, dict[tuple[str, int], int]] = {}

    def visit(name: str) -> None:
        if name in done:
            return
        for instance in modules[name].instances:
            if instance.kind in modules:
                visit(instance.kind)
        done[name], loads[name] = _rewrite(modules[name], library, buffer, clocks[name], loads)

    for name in modules:
        visit(name)
    return {name: done[name] for name in modules}


def _rewrite(
    module: Module,
    library: Library,
    buffer: tuple[str, str, str],
    clocks: set[int | str],
    below: Mapping[str, Mapping[tuple[str, int], int]],
) -> tuple[Module, dict[tuple[str, int], int]]:
    """Return a module with buffers, and how many loads each bit of its inputs has."""
    instances = [
        Instance(i.name, i.kind, {pin: list(nets) for pin, nets in i.pins.items()})
        for i in module.instances
    ]
    listeners: dict[int, list[_Load]] = defaultdict(list)
    largest = 1
    for instance in instances:
        cell = library.cells.get(instance.kind)
        for pin, nets in instance.pins.items():
            for bit, net in enumerate(nets):
                if not isinstance(net, int):
                    continue
                largest = max(largest, net)
                weight = 1 if cell else below[instance.kind].get((pin, bit), 0)
                about = cell.pin(pin) if cell else None
                if weight and (about is None or about.direction is not Direction.OUTPUT):
                    listeners[net].append(_Load(_changeable(instance), pin, bit, weight))
    for port in module.ports.values():
        largest = max([largest, *(net for net in port.nets if isinstance(net, int))])
    rewriter = _Rewriter(buffer, largest + 1)
    kept = clocks | constant_nets(module, library)
    left = {
        net: 0 if net in kept else rewriter.spread(net, listening)
        for net, listening in listeners.items()
    }
    inputs = {
        (name, bit): left.get(net, 0) if isinstance(net, int) else 0
        for name, port in module.ports.items()
        if port.is_input
        for bit, net in enumerate(port.nets)
    }
    return Module(instances + rewriter.instances, module.ports), inputs


def _changeable(instance: Instance) -> dict[str, Nets]:
    """Return the pins of an instance that was made here, to be changed."""
    assert isinstance(instance.pins, dict)
    return instance.pins


def _stronger_buffer(library: Library) -> tuple[str, str, str] | None:
    """Name, input and output of the smallest buffer that drives four times what the weakest does.

    Delay cells compute the same as a buffer does; they are weak.
    """
    found = []
    for cell in library.cells.values():
        if cell.kind is CellKind.LOGIC and len(cell.pins) == 2 and not cell.is_avoided:
            output, source = sorted(cell.pins, key=lambda pin: pin.direction.value, reverse=True)
            if output.function.strip("() ") == source.name:
                found.append((output.drive, cell.area, cell.name, source.name, output.name))
    if not found:
        return None
    wanted = 4 * min(drive for drive, *_ in found)
    enough = [buffer for buffer in found if buffer[0] >= wanted] or [max(found)]
    return min(buffer[1:] for buffer in enough)[1:]
