"""Hardware with a bug planted into it: Verilog generated from a changed method of a component."""

import inspect
import textwrap
from dataclasses import dataclass
from types import ModuleType

from hw.accelerator_axi import AcceleratorAxi
from hw.emit import emit_verilog

TOP = "lastbit_accelerator"


@dataclass(frozen=True)
class Bug:
    """A line of a method of a component, or a module's function, and what stands there instead."""

    component: type | ModuleType
    method: str
    right: str
    wrong: str

    def plant(self, monkeypatch):
        """Change the method for the rest of a test."""
        whole = getattr(self.component, self.method)
        source = textwrap.dedent(inspect.getsource(whole))
        assert source.count(self.right) == 1, f"{self.right} must be there once in {self.method}"
        names = dict(whole.__globals__)
        exec(source.replace(self.right, self.wrong), names)
        monkeypatch.setattr(self.component, self.method, names[self.method])


def plant(bug, config, monkeypatch):
    """Let simulations of this process run an accelerator with a bug; return its Verilog."""
    with monkeypatch.context() as patch:
        bug.plant(patch)
        broken = emit_verilog(AcceleratorAxi(config), TOP)
    monkeypatch.setattr("flow.program_machine.accelerator_verilog", lambda *arguments: broken)
    return broken
