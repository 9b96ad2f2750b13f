"""Reads a table of a board's file; what is missing, wrong or not known is told in a sentence."""

from collections.abc import Collection
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

from flow.errors import UserError

__all__ = ["Table"]

_REQUIRED = object()
_Kind = TypeVar("_Kind", bound=Enum)


class Table:
    """A table of a TOML file.

    Parameters
    ----------
    path
        The file.
    content
        What the table holds.
    name
        Of the table within the file, with a dot behind it.
    """

    def __init__(self, path: Path, content: Any, name: str = "") -> None:
        if not isinstance(content, dict):
            raise UserError(f"{path}: {name[:-1]} must be a table, not {content!r}")
        self._path = path
        self._content: dict[str, Any] = content
        self._name = name
        self._used: set[str] = set()
        self._tables: list[Table] = []

    @property
    def names(self) -> list[str]:
        """Names of what it holds."""
        return list(self._content)

    def text(self, name: str, default: Any = _REQUIRED) -> str:
        """Return a text that is not empty, or the default."""
        value = self._value(name, default)
        if not isinstance(value, str) or (not value and default is _REQUIRED):
            raise UserError(f"{self._path}: {self._name}{name} must be a text, not {value!r}")
        return value

    def number(self, name: str) -> Fraction:
        """Return a number that is not negative, exactly as it is written."""
        value = self._value(name, _REQUIRED)
        if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
            raise UserError(f"{self._path}: {self._name}{name} must be a number, not {value!r}")
        return Fraction(str(value))

    def list(self, name: str, default: Any = _REQUIRED) -> list[str]:
        """Return a list of texts."""
        values = self._value(name, default)
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise UserError(f"{self._path}: {self._name}{name} must be texts, not {values!r}")
        return values

    def table(self, name: str, default: Any = _REQUIRED) -> "Table":
        """Return a table in this one."""
        table = Table(self._path, self._value(name, default), f"{self._name}{name}.")
        self._tables.append(table)
        return table

    def choice(self, name: str, kinds: type[_Kind], default: _Kind | None = None) -> _Kind:
        """Return a member of an enumeration by its value."""
        value = self._value(name, _REQUIRED if default is None else default.value)
        for kind in kinds:
            if kind.value == value:
                return kind
        legal = ", ".join(str(kind.value) for kind in kinds)
        raise UserError(f"{self._path}: {self._name}{name} must be one of {legal}, not {value!r}")

    def values(self, name: str, known: Collection[str]) -> dict[str, Any]:
        """Return what a table has of the known names, for what checks the values by itself."""
        table = self.table(name)
        table._used.update(known)
        return {key: value for key, value in table._content.items() if key in known}

    def all_used(self) -> None:
        """Make sure that the table, and those in it, hold nothing else.

        Raises
        ------
        UserError
            Something is there that nobody asked for.
        """
        for name in self._content:
            if name not in self._used:
                raise UserError(f"{self._path}: {self._name}{name} is not known; take it out")
        for table in self._tables:
            table.all_used()

    def _value(self, name: str, default: Any) -> Any:
        self._used.add(name)
        value = self._content.get(name, default)
        if value is _REQUIRED:
            raise UserError(f"{self._path}: {self._name}{name} is missing")
        return value
