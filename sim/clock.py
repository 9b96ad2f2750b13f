"""The clock and reset of every testbench."""

__all__ = ["CLOCK_PERIOD_NS"]

CLOCK_PERIOD_NS = 10
