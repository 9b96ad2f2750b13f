"""The groups of a Liberty file: `kind (arguments) { attributes and groups }`.

Tables, most of such a file, are skipped.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["Group", "read_groups"]

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}();:,]|[^\s{}();:,"]+', re.DOTALL)
_SKIPPED = re.compile(r"/\*.*?\*/|//[^\n]*|\\\r?\n", re.DOTALL)
_TABLE = re.compile(r"\b(?:values|index_[12])\s*\([^)]*\)\s*;?")


@dataclass
class Group:
    """A group: its attributes, and the groups in it."""

    kind: str
    arguments: list[str]
    attributes: dict[str, str] = field(default_factory=dict)
    groups: list["Group"] = field(default_factory=list)

    def named(self, *kinds: str) -> list["Group"]:
        """The groups of these kinds."""
        return [group for group in self.groups if group.kind in kinds]


def read_groups(text: str) -> Group:
    """Return the library that a text holds; ValueError if it holds none."""
    tokens = _Tokens(_TABLE.sub("", _SKIPPED.sub(" ", text)))
    tokens.take("library")
    return _read_group(tokens, "library", _read_arguments(tokens))


class _Tokens:
    def __init__(self, text: str) -> None:
        self._tokens: Iterator[str] = (match[0] for match in _TOKEN.finditer(text))
        self.next = next(self._tokens, "")

    def take(self, wanted: str | None = None) -> str:
        token = self.next
        if token == "" or (wanted is not None and token != wanted):
            raise ValueError(f"{wanted or 'more'} is expected, not {token[:40] or 'the end'!r}")
        self.next = next(self._tokens, "")
        return token


def _read_group(tokens: _Tokens, kind: str, arguments: list[str]) -> Group:
    """Read the braces of a group and what is in them."""
    group = Group(kind, arguments)
    tokens.take("{")
    while tokens.next != "}":
        name = tokens.take()
        if name == ";":
            continue
        if tokens.next == "(":
            arguments = _read_arguments(tokens)
            # With arguments and no braces it is an attribute, of a kind that nothing here needs.
            if tokens.next == "{":
                group.groups.append(_read_group(tokens, name, arguments))
            continue
        tokens.take(":")
        words = []
        while tokens.next not in (";", "}", ""):
            words.append(tokens.take().strip('"'))
        group.attributes[name] = " ".join(words)
    tokens.take("}")
    return group


def _read_arguments(tokens: _Tokens) -> list[str]:
    tokens.take("(")
    arguments = []
    while tokens.next != ")":
        if (token := tokens.take()) != ",":
            arguments.append(token.strip('"'))
    tokens.take(")")
    return arguments
