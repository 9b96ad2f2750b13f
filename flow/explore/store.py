"""Finished points on disk, each in a file of its own that is there whole or not at all."""

import json
from pathlib import Path

from flow.atomic import atomic_write
from flow.errors import UserError
from flow.explore.measurement import Measurement, Outcome

__all__ = ["Store"]


class Store:
    """Results by key.

    Parameters
    ----------
    folder : Path
        Made with the first result.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, key: str, *, failures: bool = True) -> Measurement | None:
        """Return a result; None if there is none, or a failure that is not wanted.

        A file that is damaged is no result.
        """
        try:
            told = json.loads(self._path(key).read_text(encoding="utf-8"))
            found = Measurement.from_json(told)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return found if failures or found.outcome is Outcome.ROUTED else None

    def save(self, key: str, name: str, found: Measurement) -> None:
        """Keep a result; `name` is for who reads the file."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"{self._folder} cannot be made: {error.strerror}") from error
        with atomic_write(self._path(key)) as file:
            json.dump({"point": name, **found.to_json()}, file, indent=1)

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.json"
