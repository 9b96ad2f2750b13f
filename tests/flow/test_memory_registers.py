"""Registers behind block memories: moved into them where that changes nothing."""

import json
from pathlib import Path

import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from flow.memory_registers import absorb_registers
from flow.parts import Family
from flow.synthesis import synthesize

WORDS = 512


class Words(wiring.Component):
    """A memory with an address register and an output register of some kind."""

    def __init__(self, *, width, enable, reset, tap):
        self.enable, self.reset, self.tap = enable, reset, tap
        super().__init__({
            "address": In(range(WORDS)), "place": In(range(WORDS)), "put": In(1),
            "word": In(width), "take": In(1), "o": Out(width), "early": Out(1),
        })  # fmt: skip

    def elaborate(self, platform):
        """The register is behind the memory."""
        m = Module()
        m.submodules.words = words = Memory(shape=len(self.word), depth=WORDS, init=[])
        write, read = words.write_port(), words.read_port()
        held = Signal(len(self.word), reset_less=not self.reset)
        m.d.comb += [
            write.addr.eq(self.place), write.data.eq(self.word), write.en.eq(self.put),
            read.addr.eq(self.address), read.en.eq(self.take), self.o.eq(held),
            self.early.eq(read.data[0] if self.tap else 0),
        ]  # fmt: skip
        if self.enable:
            with m.If(self.take):
                m.d.sync += held.eq(read.data)
        else:
            m.d.sync += held.eq(read.data)
        return m


def blocks(path):
    cells = json.loads(Path(path).read_text())["modules"]["dut"]["cells"].values()
    return [cell for cell in cells if cell["type"] == "DP16KD"]


@pytest.mark.parametrize("width", [18, 36])
@pytest.mark.parametrize("enable", [False, True])
def test_a_register_behind_a_memory_is_its_own(tmp_path, width, enable):
    component = Words(width=width, enable=enable, reset=False, tap=False)
    netlist = synthesize(component, "dut", Family.ECP5, tmp_path)
    (block,) = blocks(netlist.path)
    ports = "AB" if width > 18 else "B"
    for port in ports:
        assert block["parameters"][f"REGMODE_{port}"] == "OUTREG"
        take = json.loads(netlist.path.read_text())["modules"]["dut"]["ports"]["take"]["bits"]
        assert block["connections"][f"OCE{port}"] == (take if enable else ["1"])
    assert netlist.counts.flip_flops == 0
    # No word is copied that is read while it is written.
    assert netlist.counts.luts == 0


@pytest.mark.parametrize(("reset", "tap"), [(True, False), (False, True)])
def test_a_register_stays_that_is_reset_or_not_the_only_user(tmp_path, reset, tap):
    component = Words(width=18, enable=False, reset=reset, tap=tap)
    netlist = synthesize(component, "dut", Family.ECP5, tmp_path)
    (block,) = blocks(netlist.path)
    assert {block["parameters"][f"REGMODE_{port}"] for port in "AB"} == {"NOREG"}
    assert netlist.counts.flip_flops == 18


def test_registers_of_two_enables_stay():
    wires = {"CLKA": [9], "CLKB": [9], "DOA0": [1], "DOA1": [2]}
    block = {"type": "DP16KD", "parameters": {}, "connections": wires}
    cells = {"block": block}
    for bit, enable in ((1, 5), (2, 6)):
        cells[f"register {bit}"] = {
            "type": "TRELLIS_FF",
            "parameters": {"CEMUX": "CE", "CLKMUX": "CLK", "REGSET": "RESET"},
            "connections": {"DI": [bit], "Q": [bit + 10], "CE": [enable], "CLK": [9], "LSR": ["0"]},
        }
    assert absorb_registers({"cells": cells, "ports": {}}) == 0
    cells["register 2"]["connections"]["CE"] = [5]
    assert absorb_registers({"cells": cells, "ports": {}}) == 2
    assert list(cells) == ["block"]
    assert block["connections"]["DOA1"] == [12]


@pytest.mark.parametrize("family", [Family.ICE40, Family.GOWIN, Family.ECP5])
def test_no_memory_keeps_a_copy_of_what_is_written(tmp_path, family):
    """Every flip-flop is of the register behind the memory, if that is not in it."""
    component = Words(width=16, enable=True, reset=False, tap=True)
    assert synthesize(component, "dut", family, tmp_path).counts.flip_flops == 16
