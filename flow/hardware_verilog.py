"""Verilog of the accelerator, generated once for each configuration and kept with the builds.

A file is named by the hash of what it is made from: the configuration, the sources of `hw` and of
what it takes from `golden`, and the versions of the tools.
"""

from dataclasses import fields
from functools import cache
from importlib.metadata import version
from pathlib import Path

import golden
import hw
from hw.accelerator_axi import AcceleratorAxi
from hw.accelerator_config import AcceleratorConfig
from hw.emit import emit_verilog
from sim.build_cache import build_once, content_hash

__all__ = ["TOP", "accelerator_verilog", "description", "tools_and_sources"]

TOP = "lastbit_accelerator"
"""Name of the accelerator's top module."""

_FILE = f"{TOP}.v"


@cache
def accelerator_verilog(config: AcceleratorConfig, build_root: Path = Path("build/sim")) -> str:
    """Return the Verilog of the accelerator that is simulated."""

    def generate(folder: Path) -> None:
        (folder / _FILE).write_text(emit_verilog(AcceleratorAxi(config), TOP))

    name = content_hash(tools_and_sources(), description(config))
    return (build_once(build_root / f"verilog-{name}", generate) / _FILE).read_text()


@cache
def tools_and_sources() -> str:
    """Hash everything but the configuration that the Verilog is made from."""
    texts = [version("amaranth"), version("pyosys")]
    for package, pattern in ((hw, "**/*.py"), (golden, "*.py")):
        files = sorted(Path(package.__path__[0]).glob(pattern))
        texts += [f"{path.name}\n{path.read_text()}" for path in files]
    return content_hash(*texts)


def description(config: AcceleratorConfig) -> str:
    """Return every parameter as text; the schemes are a set, which has no order."""
    parameters = {f"engine {f.name}": getattr(config.engine, f.name) for f in fields(config.engine)}
    parameters["engine schemes"] = sorted(scheme.name for scheme in config.engine.schemes)
    parameters |= {f.name: getattr(config, f.name) for f in fields(config) if f.name != "engine"}
    return "\n".join(f"{name} {value}" for name, value in parameters.items())
