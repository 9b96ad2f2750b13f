"""Runs values through a pipeline without flow control, one a cycle, in Amaranth's own simulator."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from amaranth.sim import Simulator

__all__ = ["run_pipeline", "run_pipeline_outputs"]


def run_pipeline(
    component: Any,
    inputs: Mapping[str, Sequence[int]],
    *,
    output: str,
    latency: int,
    stages: Mapping[str, int] | None = None,
) -> list[int]:
    """Return one output for each row of inputs; see `run_pipeline_outputs`."""
    answers = run_pipeline_outputs(
        component, inputs, outputs=(output,), latency=latency, stages=stages
    )
    return [answer for (answer,) in answers]


def run_pipeline_outputs(
    component: Any,
    inputs: Mapping[str, Sequence[int]],
    *,
    outputs: Sequence[str],
    latency: int,
    stages: Mapping[str, int] | None = None,
) -> list[tuple[int, ...]]:
    """Return the outputs for each row of inputs.

    Parameters
    ----------
    component : wiring.Component
        A pipeline that is driven by the clock `sync` and takes a row of inputs a cycle.
    inputs : Mapping of str to sequences of int
        By port name, one value a row.
    outputs : sequence of str
        The ports that are read.
    latency : int
        Cycles from an input of stage 0 to its outputs.
    stages : Mapping of str to int
        Cycles by which an input is later than the others.

    """
    rows = len(next(iter(inputs.values())))
    answers: list[tuple[int, ...]] = []

    async def testbench(ctx: Any) -> None:
        for cycle in range(rows + latency):
            for name, values in inputs.items():
                row = cycle - (stages or {}).get(name, 0)
                if 0 <= row < rows:
                    ctx.set(getattr(component, name), values[row])
            await ctx.tick()
            if cycle + 1 >= latency and len(answers) < rows:
                answers.append(tuple(int(ctx.get(getattr(component, name))) for name in outputs))

    simulator = Simulator(component)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category=RuntimeWarning)
        simulator.run()
    return answers
