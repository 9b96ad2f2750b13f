"""What a result depends on besides its point: sources, and versions of the tools."""

import subprocess
from functools import cache
from pathlib import Path

import flow
from flow.errors import UserError
from flow.hardware_hash import hardware_hash, source_hash
from flow.hardware_verilog import tools_and_sources
from flow.parts import Family
from flow.place_and_route import find_nextpnr
from sim.build_cache import content_hash

__all__ = ["fingerprint"]

_SOURCES = ("fpga_tools.py", "explore/measure.py")
"""What a result depends on and the hardware's hash does not hold."""


@cache
def fingerprint(family: Family) -> str:
    """Hash the sources of the hardware and of the way through the tools, and the tools' versions.

    Raises
    ------
    UserError
        There is no place and route for the family here.
    """
    folder = Path(flow.__path__[0])
    sources = source_hash(folder / name for name in _SOURCES)
    return content_hash(
        tools_and_sources(), hardware_hash(), sources, _version(find_nextpnr(family))
    )


def _version(tool: str) -> str:
    try:
        done = subprocess.run([tool, "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise UserError(f"{tool} --version must say a version: {error}") from error
    return done.stdout + done.stderr
