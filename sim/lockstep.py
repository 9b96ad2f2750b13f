"""Driving ports without a handshake: a value for every port in every cycle."""

from collections.abc import Mapping, Sequence
from typing import Any

from sim import clock

__all__ = ["play"]


async def play(
    dut: Any, inputs: Mapping[str, Sequence[int]], outputs: Sequence[str]
) -> dict[str, list[int | None]]:
    """Drive the inputs cycle by cycle and return what the outputs were in the same cycles.

    An output of latency n that belongs to ``inputs[...][t]`` is ``result[...][t + n]``. An
    output with unknown bits is None, as it may be while nothing valid is there.
    """
    trigger = clock.edge(dut)
    driven = [(getattr(dut, name), values) for name, values in inputs.items()]
    watched = {name: getattr(dut, name) for name in outputs}
    seen: dict[str, list[int | None]] = {name: [] for name in outputs}
    for t in range(len(next(iter(inputs.values())))):
        for handle, values in driven:
            handle.value = values[t]
        await trigger
        for name, handle in watched.items():
            value = handle.value
            seen[name].append(int(value) if value.is_resolvable else None)
    return seen
