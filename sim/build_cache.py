"""A folder of finished builds, each named by the hash of everything it was made from."""

import fcntl
import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["build_once", "content_hash"]


def content_hash(*parts: str) -> str:
    """Return a short name for the given parts; two different lists of parts differ in it."""
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(8, "little"))
        digest.update(encoded)
    return digest.hexdigest()[:20]


def build_once(folder: Path, build: Callable[[Path], None]) -> Path:
    """Return ``folder``, made by ``build`` unless it exists already.

    ``build`` fills an empty folder beside it, which takes its name only when it is complete: a
    build that fails leaves nothing, and one that is killed nothing to be mistaken for a finished
    one, which the next one takes away. Processes that want the same folder wait for the first one
    to make it.
    """
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _locked(folder.with_name(folder.name + ".lock")):
        if not folder.is_dir():
            unfinished = folder.with_name(folder.name + ".unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)  # of a process that was killed
            unfinished.mkdir()
            try:
                build(unfinished)
                unfinished.replace(folder)
            except BaseException:
                shutil.rmtree(unfinished, ignore_errors=True)
                raise
    return folder


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
