"""What an importer cannot take over from a model: collected, and told all at once."""

from flow.errors import UserError

__all__ = ["Unsupported", "printable", "shown"]

MAX_NODES = 8
"""So many nodes are named for each reason; the others are counted."""

MAX_REASONS = 20
"""So many operators and reasons are told; the others are counted."""

MAX_NAME = 80
"""Characters of a name that a message shows."""


def printable(name: str) -> str:
    """A name out of a file on one line, and without orders to a terminal."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in name)


def shown(name: str) -> str:
    """A name out of a file, fit for a message: printable and not too long."""
    text = printable(name[: MAX_NAME + 1])
    return text if len(text) <= MAX_NAME else text[: MAX_NAME - 3] + "..."


class Unsupported:
    """Collects every node that cannot be imported, with the reason, and raises one error.

    >>> unsupported = Unsupported()
    >>> unsupported.add("TANH", "a", "there is no such operator here")
    >>> unsupported.add("TANH", "b", "there is no such operator here")
    >>> unsupported.check()
    Traceback (most recent call last):
        ...
    flow.errors.UserError: not supported: TANH (there is no such operator here) at a, b
    """

    def __init__(self) -> None:
        self._nodes: dict[tuple[str, str], list[str]] = {}

    def __bool__(self) -> bool:
        return bool(self._nodes)

    def add(self, operator: str, node: str, reason: str) -> None:
        """Note that a node's operator cannot be imported; the reason reads well in brackets."""
        self._nodes.setdefault((operator, reason), []).append(node)

    def check(self) -> None:
        """Raise a `UserError` that lists what was added, if anything was."""
        if not self._nodes:
            return
        parts = [
            f"{shown(operator)} ({reason}) at {_listed(nodes)}"
            for (operator, reason), nodes in list(self._nodes.items())[:MAX_REASONS]
        ]
        left = list(self._nodes.values())[MAX_REASONS:]
        if left:
            parts.append(f"and {len(left)} more reasons at {sum(map(len, left))} more nodes")
        raise UserError("not supported: " + "; ".join(parts))


def _listed(nodes: list[str]) -> str:
    named = ", ".join(shown(node) for node in nodes[:MAX_NODES])
    left = len(nodes) - MAX_NODES
    return f"{named} and {left} more" if left > 0 else named
