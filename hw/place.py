"""Components that are used many times in a design and written once in its Verilog."""

import re

from amaranth.back import rtlil
from amaranth.hdl import *
from amaranth.lib.wiring import In

__all__ = ["ModuleLibrary", "place"]


class ModuleLibrary:
    """The modules of one design that are emitted once; `elaborate` gets it as its platform.

    Parameters
    ----------
    prefix : str
        Begins the name of every module, so that designs can be put side by side.
    """

    def __init__(self, prefix):
        self.prefix = prefix
        self._modules = {}
        self._texts = []

    @property
    def rtlil(self):
        """RTLIL of all the modules."""
        return "\n".join(self._texts)

    def emit(self, name, make):
        """Emit a module unless that is done; return its whole name, signature and controls."""
        module = f"{self.prefix}_{name}"
        if module not in self._modules:
            component = make()
            text = rtlil.convert(component, name=module, platform=self, emit_src=False)
            text = text.replace("attribute \\top 1\n", "")
            controls = re.findall(r"^\s+wire width 1 input \d+\s+\\(clk|rst)$", text, re.MULTILINE)
            self._modules[module] = (component.signature, controls)
            self._texts.append(text)
        return module, *self._modules[module]


def place(m, platform, submodule, make, *, module):
    """Put a component into a design and return the interface to wire.

    Where the platform is a `ModuleLibrary` this is an instance of a module that is emitted once;
    elsewhere (Amaranth's own simulator) it is a plain submodule.

    Parameters
    ----------
    m : Module
        The module it goes into.
    platform : object
        What `elaborate` was given.
    submodule : str
        Name of the instance in `m`.
    make : callable
        Makes a new component. Those of the same module name must be alike.
    module : str
        Name of the module, to which the library adds its prefix.
    """
    if not isinstance(platform, ModuleLibrary):
        m.submodules[submodule] = component = make()
        return component

    name, signature, controls = platform.emit(module, make)
    interface = signature.create(path=(submodule,))
    signals = {"clk": ClockSignal(), "rst": ResetSignal()}
    ports = {f"i_{control}": signals[control] for control in controls}
    for path, member, value in signature.flatten(interface):
        direction = "i" if member.flow == In else "o"
        ports[f"{direction}_{'__'.join(map(str, path))}"] = value
    m.submodules[submodule] = Instance(name, **ports)
    return interface
