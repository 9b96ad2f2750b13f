"""What goes wrong between a testbench and its simulator."""

__all__ = ["SimulationError"]


class SimulationError(Exception):
    """A simulation that was not built, crashed or took too long: no verdict on the hardware."""


def tail(log: str, lines: int = 25) -> str:
    """Return the last lines of a log, indented so that they stand out in a message."""
    kept = log.strip().splitlines()[-lines:]
    return "\n".join(f"    {line}" for line in kept)
