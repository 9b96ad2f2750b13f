"""Errors that are the user's to mend: shown as one sentence, never as a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["UserError", "user_input"]


class UserError(Exception):
    """Bad input, told in one sentence that names the thing and the way out.

    The command line prints the sentence and ends with exit status 2.
    """


@contextmanager
def user_input(name: str = "") -> Iterator[None]:
    """Turn a TypeError or ValueError raised by checks of what the user gave into a `UserError`.

    Parameters
    ----------
    name
        What the sentence is about, put before it (`--rows: rows must be from 1 to 64, not 65`).
    """
    try:
        yield
    except (TypeError, ValueError) as error:
        raise UserError(f"{name}: {error}" if name else str(error)) from error
