"""Predicted cycles of products and networks: the tables of `docs/performance.md`."""

from flow.performance_tables import tables


def run() -> None:
    """Print them."""
    print("\n\n".join(tables()))
