"""The emitted Verilog: accepted by every tool, the same bytes every time, elements once."""

import re
import subprocess
import sys
from functools import cache

import pytest
from amaranth.hdl import Module, signed
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hw.activation_memory import ActivationMemory
from hw.config import EngineConfig
from hw.emit import emit_verilog, ports
from hw.gemm_axis import GemmAxis
from hw.skew import Skew
from hw.yosys import run_yosys
from sim.simulator import Simulator, verilator_root

SIZES = [
    (1, 1, 1), (5, 3, 1), *(pytest.param(size, marks=pytest.mark.long)
                            for size in ((8, 8, 4), (6, 4, 2))),
]


@cache
def engine(rows, cols, group):
    return emit_verilog(GemmAxis(EngineConfig(rows=rows, cols=cols, group=group)), "dut")


@pytest.fixture(params=SIZES, ids=lambda size: "{}x{}/{}".format(*size))
def verilog(request, tmp_path):
    path = tmp_path / "dut.v"
    path.write_text(engine(*request.param))
    return path


def test_verilator_accepts_it_with_all_warnings(verilog, tmp_path):
    from importlib import resources

    waivers = resources.files("sim").joinpath("verilator.vlt")
    root = verilator_root()
    result = subprocess.run(
        [root / "bin" / "verilator_bin", "--lint-only", "-Wall", "--top-module", "dut",
         waivers, verilog],
        env={"VERILATOR_ROOT": str(root)}, capture_output=True, text=True, check=False,
    )
    assert result.returncode == 0, result.stderr
    assert "%Warning" not in result.stderr


def test_icarus_accepts_it_with_all_warnings(verilog):
    if (missing := Simulator.ICARUS.missing()) is not None:
        pytest.skip(missing)
    result = subprocess.run(
        ["iverilog", "-g2005", "-Wall", "-t", "null", verilog],
        capture_output=True, text=True, check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")


def test_yosys_accepts_it(verilog):
    printed = run_yosys(
        f"read_verilog {verilog}", "hierarchy -check -top dut", "proc", "check -assert"
    )
    assert "Warning" not in printed


def test_the_same_bytes_on_every_run():
    program = (
        "from hw.config import EngineConfig; from hw.emit import emit_verilog;"
        "from hw.gemm_axis import GemmAxis; import sys;"
        "sys.stdout.write(emit_verilog(GemmAxis(EngineConfig(rows=4, cols=3)), 'dut'))"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True,
        ).stdout
        for seed in "01"
    }
    assert len(texts) == 1
    assert "endmodule" in texts.pop()


def test_elements_banks_and_lanes_are_written_once():
    text = engine(8, 8, 4)
    modules = re.findall(r"^module (\w+)", text, re.MULTILINE)
    assert len(modules) == len(set(modules))
    for name, instances in (("dut_bank", 8), ("dut_lane", 8), ("dut_element_first", 8)):
        assert modules.count(name) == 1
        assert len(re.findall(rf"^  {name} ", text, re.MULTILINE)) == instances


def test_every_module_begins_with_the_name_of_the_top():
    names = re.findall(r"^module (\S+?)\(", engine(2, 2, 2), re.MULTILINE)
    assert all(name.lstrip("\\").startswith("dut") for name in names), names


def test_ports_are_those_of_the_text():
    component = Skew(8, lanes=3)
    listed = {port.name: port.width for port in ports(component)}
    assert listed == {"clk": 1, "rst": 1, "i": 24, "o": 24}


def test_a_bad_module_name_is_told():
    with pytest.raises(
        ValueError, match=r"^a module name must be a Verilog identifier, not '3x'$"
    ):
        emit_verilog(Skew(8, lanes=2), "3x")


class _Table(wiring.Component):
    """A memory with contents."""

    address: In(2)
    o: Out(8)

    def __init__(self, contents):
        self.contents = contents
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        m.submodules.words = words = Memory(shape=8, depth=4, init=self.contents)
        read = words.read_port()
        m.d.comb += [read.addr.eq(self.address), self.o.eq(read.data)]
        return m


def test_contents_of_a_memory_are_kept_unless_they_are_zero():
    assert re.findall(r"words\[\d\] = (.*);", emit_verilog(_Table([1, 0, 3]), "dut")) == [
        "8'h01", "8'h00", "8'h03", "8'h00",
    ]
    assert "initial" not in emit_verilog(_Table([]), "dut")


def test_the_text_of_a_memory_is_as_long_at_any_depth():
    shallow, deep = (
        emit_verilog(ActivationMemory(size=size, read_width=4, write_width=4), "dut")
        for size in (1 << 8, 1 << 14)
    )
    assert len(deep) < 1.1 * len(shallow)


def test_yosys_makes_block_memories_of_the_memories(tmp_path):
    path = tmp_path / "dut.v"
    path.write_text(emit_verilog(ActivationMemory(size=8192, read_width=4, write_width=4), "dut"))
    printed = run_yosys(
        f"read_verilog {path}", "synth_ecp5 -top dut -run begin:map_gates", "stat"
    )
    assert re.search(r"^ +4 +DP16KD$", printed, re.MULTILINE)
    assert "TRELLIS_DPR16X4" not in printed.rpartition("Printing statistics")[2]


class _Below(wiring.Component):
    """Compares the bits of two signed numbers, without their signs."""

    a: In(signed(4))
    b: In(signed(4))
    o: Out(1)

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.o.eq(self.a.as_unsigned() < self.b.as_unsigned())
        return m


@pytest.mark.parametrize(("a", "b", "answer"), [(0b1111, 3, 0), (3, 0b1111, 1), (2, 3, 1)])
def test_an_unsigned_operation_on_signed_wires_stays_unsigned(a, b, answer, tmp_path):
    path = tmp_path / "dut.v"
    path.write_text(emit_verilog(_Below(), "dut"))
    printed = run_yosys(
        f"read_verilog {path}", "proc", f"eval -set a {a} -set b {b} -show o"
    )
    assert f"\\o = 1'{answer}" in printed
