"""The netlist of an FPGA, as a place to run jobs and programs on."""

from dataclasses import dataclass

from flow.parts import Family
from sim.simulator import Simulator

__all__ = ["NetlistLevel"]


@dataclass(frozen=True)
class NetlistLevel:
    """What is placed and routed: cells of a family, in a simulator.

    Parameters
    ----------
    family : Family
    simulator : Simulator
        Verilator compiles for minutes and is fast then; Icarus starts at once, with unknown bits.
    """

    family: Family
    simulator: Simulator = Simulator.VERILATOR

    @property
    def options(self) -> dict[str, str]:
        """What `lastbit run` takes for it."""
        return {"on": "netlist", "family": self.family.value}
