"""Runs values through a pipeline without flow control, one a cycle, in Amaranth's own simulator."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from amaranth.sim import Simulator

__all__ = ["run_pipeline"]


def run_pipeline(
    component: Any,
    inputs: Mapping[str, Sequence[int]],
    *,
    output: str,
    latency: int,
    stages: Mapping[str, int] | None = None,
) -> list[int]:
    """Return the output for each row of inputs.

    Parameters
    ----------
    component : wiring.Component
        A pipeline that is driven by the clock `sync` and takes a row of inputs a cycle.
    inputs : Mapping of str to sequences of int
        By port name, one value a row.
    output : str
        The port that is read.
    latency : int
        Cycles from an input of stage 0 to its output.
    stages : Mapping of str to int
        Cycles by which an input is later than the others.

    """
    rows = len(next(iter(inputs.values())))
    answers: list[int] = []

    async def testbench(ctx: Any) -> None:
        for cycle in range(rows + latency):
            for name, values in inputs.items():
                row = cycle - (stages or {}).get(name, 0)
                if 0 <= row < rows:
                    ctx.set(getattr(component, name), values[row])
            await ctx.tick()
            if cycle + 1 >= latency and len(answers) < rows:
                answers.append(int(ctx.get(getattr(component, output))))

    simulator = Simulator(component)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category=RuntimeWarning)
        simulator.run()
    return answers
