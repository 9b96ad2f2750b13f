"""Files that are there whole or not at all."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO

from flow.errors import UserError

__all__ = ["atomic_write", "atomic_write_bytes"]


@contextmanager
def atomic_write(path: Path | str) -> Iterator[TextIO]:
    """Open `path` for UTF-8 text; the file takes its place when the block ends well.

    The text goes to a temporary name in the same folder, which is then renamed: a reader sees the
    old file or the new one, and a failure leaves the old one.

    Raises
    ------
    UserError
        If the file cannot be written.
    """
    with (
        _replacement(Path(path)) as temporary,
        temporary.open("x", encoding="utf-8", newline="\n") as file,
    ):
        yield file


@contextmanager
def atomic_write_bytes(path: Path | str) -> Iterator[BinaryIO]:
    """Open `path` for bytes; otherwise like `atomic_write`."""
    with _replacement(Path(path)) as temporary, temporary.open("xb") as file:
        yield file


@contextmanager
def _replacement(path: Path) -> Iterator[Path]:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        yield temporary
        temporary.replace(path)
    except OSError as error:
        if error.filename is not None and Path(error.filename) != temporary:
            raise  # something else that the block opened
        raise UserError(f"{path} cannot be written: {_reason(path, error)}") from error
    finally:
        temporary.unlink(missing_ok=True)


def _reason(path: Path, error: OSError) -> str:
    if not path.parent.is_dir():
        return f"make the folder {path.parent} first"
    return f"{error.strerror}; give another place"
