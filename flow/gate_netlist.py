"""A netlist of standard cells: what it holds, block by block, and how it is clocked."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from flow.errors import UserError
from flow.gate_module import Instance, Module, Nets, clock_nets, constant_nets, netlist_verilog
from flow.liberty import CellKind, Library

__all__ = ["Block", "GateNetlist", "block_of"]

_CLOCK = "clk"


@dataclass(frozen=True)
class Block:
    """A part of a netlist.

    Parameters
    ----------
    cells
        How many there are of each kind.
    area
        In the library's unit.
    flip_flops
        How many of the cells keep a bit.
    leakage
        In the library's unit of leakage power.
    """

    cells: Counter[str]
    area: float
    flip_flops: int
    leakage: float


@dataclass(frozen=True)
class GateNetlist:
    """What synthesis made.

    Parameters
    ----------
    top
        Name of the top module.
    modules
        The modules that it holds.
    library
        Whose cells they are made of.
    memory_bits
        Bits of memory in each module, by itself, before they became flip-flops.
    estimate
        Longest path inside a module in ns, as ABC estimates it; None if it did not.
    """

    top: str
    modules: Mapping[str, Module]
    library: Library
    memory_bits: Mapping[str, int] = field(default_factory=dict)
    estimate: float | None = None

    def __post_init__(self) -> None:
        for name, module in self.modules.items():
            for instance in module.instances:
                if instance.kind not in self.modules and instance.kind not in self.library.cells:
                    raise UserError(
                        f"{self.library.path}: it has no cell for {instance.kind} in {name}; "
                        "name a library with one"
                    )

    @cached_property
    def verilog(self) -> str:
        """The netlist as a text."""
        return netlist_verilog(self.modules)

    @cached_property
    def total(self) -> Block:
        """All of it."""
        return self._block(self._counts(self.top))

    def blocks(self, grouping: Mapping[str, str], rest: str) -> dict[str, Block]:
        """Sum up what is in the instances of the innermost module that wraps all of the others.

        Parameters
        ----------
        grouping
            Beginning of an instance's name, and the block that it belongs to.
        rest
            The block of everything else.
        """
        counts: dict[str, Counter[str]] = {name: Counter() for name in (*grouping.values(), rest)}
        for path, name in self._wrappers:
            for instance in self.modules[name].instances:
                if not self._is_wrapper(path, instance):
                    counts[block_of(instance.name, grouping, rest)] += self._counts_of(instance)
        return {name: self._block(counted) for name, counted in counts.items() if counted}

    @cached_property
    def _wrappers(self) -> list[tuple[str, str]]:
        """Path and module of the top, of the only module in it, of the only module in that."""
        found = [("", self.top)]
        while True:
            path, name = found[-1]
            inside = [i for i in self.modules[name].instances if i.kind in self.modules]
            if len(inside) != 1:
                return found
            found.append((f"{path}{inside[0].name}/", inside[0].kind))

    def _is_wrapper(self, path: str, instance: Instance) -> bool:
        return any(f"{path}{instance.name}/" == inner for inner, _ in self._wrappers)

    def bits_of_memory(self) -> int:
        """Bits of all the memories that became flip-flops."""
        return sum(
            self.memory_bits.get(name, 0) * count for name, count in self._module_counts.items()
        )

    @cached_property
    def _module_counts(self) -> Counter[str]:
        counts: Counter[str] = Counter()

        def visit(name: str) -> None:
            counts[name] += 1
            for instance in self.modules[name].instances:
                if instance.kind in self.modules:
                    visit(instance.kind)

        visit(self.top)
        return counts

    @cached_property
    def _counted(self) -> dict[str, Counter[str]]:
        return {}

    def _counts(self, name: str) -> Counter[str]:
        """How many cells of each kind are in a module and below."""
        if name not in self._counted:
            total: Counter[str] = Counter()
            for instance in self.modules[name].instances:
                total += self._counts_of(instance)
            self._counted[name] = total
        return self._counted[name]

    def _counts_of(self, instance: Instance) -> Counter[str]:
        if instance.kind in self.modules:
            return self._counts(instance.kind)
        return Counter({instance.kind: 1})

    def _block(self, counts: Counter[str]) -> Block:
        cells = self.library.cells
        return Block(
            counts,
            sum(cells[name].area * count for name, count in counts.items()),
            sum(n for name, n in counts.items() if cells[name].kind is CellKind.FLIP_FLOP),
            sum(cells[name].leakage * count for name, count in counts.items()),
        )

    def flip_flop_paths(self, grouping: Mapping[str, str], rest: str) -> dict[str, set[str]]:
        """Patterns of the paths, with `*` for what is not a block, of each block's data pins."""
        found: dict[str, set[str]] = {}
        for prefix, name in self._wrappers:
            for instance in self.modules[name].instances:
                if self._is_wrapper(prefix, instance):
                    continue
                block = block_of(instance.name, grouping, rest)
                for depth, pin in self._data_pins(instance):
                    first = instance.name if instance.kind in self.modules else "*"
                    path = "/".join([first, *["*"] * depth, pin])
                    found.setdefault(block, set()).add(prefix + path)
        return found

    def _data_pins(self, instance: Instance) -> set[tuple[int, str]]:
        """Depth below an instance, and name, of the data pins of its flip-flops."""
        if instance.kind not in self.modules:
            cell = self.library.cells[instance.kind]
            return {(0, pin) for pin in cell.pins_of("next_state")}
        if instance.kind not in self._depths:
            pins = set()
            for inner in self.modules[instance.kind].instances:
                pins |= {(depth + 1, pin) for depth, pin in self._data_pins(inner)}
            self._depths[instance.kind] = pins
        return self._depths[instance.kind]

    @cached_property
    def _depths(self) -> dict[str, set[tuple[int, str]]]:
        return {}

    def clocking_faults(self) -> list[str]:
        """What keeps the netlist from being tested by a scan chain, in sentences; none is good.

        There has to be one clock, at the clock pin of every flip-flop without a gate before it;
        no latch, clock gate or tri-state cell; and no asynchronous reset that can become active.
        """
        clocks = clock_nets(self.modules, self.top, _CLOCK)
        return [
            fault
            for name, module in self.modules.items()
            for fault in _faults(name, module, clocks, self)
        ]


def block_of(instance: str, grouping: Mapping[str, str], rest: str) -> str:
    """Return the block that an instance belongs to."""
    return next((block for start, block in grouping.items() if instance.startswith(start)), rest)


def _faults(
    name: str, module: Module, clocks: Mapping[str, set[int | str]], netlist: GateNetlist
) -> Iterator[str]:
    library, modules = netlist.library, netlist.modules
    constants = constant_nets(module, library)
    for instance in module.instances:
        where = f"{instance.name} in {name}"
        if instance.kind in modules:
            for port, about in modules[instance.kind].ports.items():
                is_clock = bool(clocks[instance.kind] & set(about.nets))
                if is_clock and not clocks[name] >= set(instance.pins.get(port, ["x"])):
                    yield f"{where}: its clock is not the clock of {name}"
            continue
        cell = library.cells[instance.kind]
        if cell.kind in (CellKind.LATCH, CellKind.CLOCK_GATE, CellKind.TRI_STATE):
            yield f"{where} is a {cell.kind.value} ({cell.name})"
        elif cell.kind is CellKind.FLIP_FLOP:
            for pin in cell.pins_of("clocked_on"):
                if not clocks[name] >= set(instance.pins.get(pin, ["x"])):
                    yield f"{where}: pin {pin} is not at the clock"
            for attribute in ("clear", "preset"):
                yield from (
                    f"{where}: asynchronous pin {pin} is not tied off"
                    for pin in cell.pins_of(attribute)
                    if not _is_constant(instance.pins.get(pin, []), constants)
                )


def _is_constant(nets: Nets, constants: set[int | str]) -> bool:
    return bool(nets) and all(net in ("0", "1") or net in constants for net in nets)
