"""Registers behind block memories, which Yosys leaves in the fabric: into the memory blocks.

A block of the ECP5 has registers at its outputs. Without them its data come 5.8 ns after the clock
on a part of speed 6; with them they are as fast as those of any other register.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

__all__ = ["DISTINCT_ADDRESSES", "absorb_registers"]

DISTINCT_ADDRESSES = "setparam -set COLLISION_X_MASK 1'1 t:$memrd_v2 r:CLK_ENABLE=0 %d"
"""Tells Yosys that what a word is read as while it is written does not matter.

No component here makes use of such a word. Else Yosys puts a copy of what is written, and a choice,
behind every block memory, to read what was there before.
"""

_BLOCK = "DP16KD"
_REGISTER = "TRELLIS_FF"


def absorb_registers(module: Mapping[str, Any]) -> int:
    """Move the registers behind a module's ECP5 block memories into them; return how many.

    A block takes them if each of its outputs that is used goes to one register and nowhere else,
    and all of these have the same clock as the block, the same enable and no reset. A block that
    has its outputs at both ports is one memory of 36 bits.

    Parameters
    ----------
    module : Mapping
        Of a netlist in the JSON format of Yosys. It is changed.
    """
    cells = module["cells"]
    users: Counter[Any] = Counter()
    for cell in cells.values():
        for bits in cell["connections"].values():
            users.update(bits)
    for port in module["ports"].values():
        users.update(port["bits"])
    registers = {
        cell["connections"]["DI"][0]: name
        for name, cell in cells.items()
        if cell["type"] == _REGISTER and "DI" in cell["connections"]
    }
    moved = 0
    for block in [cell for cell in cells.values() if cell["type"] == _BLOCK]:
        moved += _absorb(block, cells, registers, users)
    return moved


def _absorb(
    block: Any, cells: dict[str, Any], registers: Mapping[Any, str], users: Mapping[Any, int]
) -> int:
    """Move the registers behind one block into it, if all can be; return how many."""
    wires = block["connections"]
    outputs = {
        port: bits[0]
        for port, bits in wires.items()
        if port.startswith("DO") and bits and users[bits[0]] > 1
    }
    if any(users[bit] > 2 or bit not in registers for bit in outputs.values()):
        return 0
    behind = {port: cells[registers[bit]] for port, bit in outputs.items()}
    controls = {_control(register) for register in behind.values()}
    if len(controls) != 1:
        return 0
    enable, clock, is_plain = controls.pop()
    if not is_plain or {clock} != {wires["CLKA"][0], wires["CLKB"][0]}:
        return 0
    for port, register in behind.items():
        wires[port] = register["connections"]["Q"]
        block["parameters"][f"REGMODE_{port[2]}"] = "OUTREG"
        wires[f"OCE{port[2]}"] = [enable]
    for bit in outputs.values():
        del cells[registers[bit]]
    return len(behind)


def _control(register: Any) -> tuple[Any, Any, bool]:
    """The enable and the clock of a register, and whether it has nothing else."""
    wires, parameters = register["connections"], register["parameters"]
    mux = parameters.get("CEMUX", "1").strip()  # JSON has a space behind a string of digits
    enable = wires["CE"][0] if mux == "CE" else "1"
    is_plain = (
        mux in ("CE", "1")
        and parameters.get("CLKMUX", "CLK") == "CLK"
        and parameters.get("REGSET", "RESET") == "RESET"
        and wires.get("LSR", ["0"]) == ["0"]
    )
    return enable, wires["CLK"][0], is_plain
