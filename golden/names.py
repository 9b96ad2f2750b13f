"""Enumeration members by the name a person types."""

import re
from difflib import get_close_matches
from enum import Enum
from typing import TypeVar

__all__ = ["parse_name"]

Member = TypeVar("Member", bound=Enum)


def parse_name(enumeration: type[Member], text: str) -> Member:
    """Return the member of `enumeration` whose value is `text`, in either case, `-` read as `_`.

    Raises TypeError if `text` is not a string, ValueError with the legal names if no member has it.
    """
    kind = re.sub(r"\B(?=[A-Z])", " ", enumeration.__name__).lower()
    if not isinstance(text, str):
        raise TypeError(f"{kind} must be a name, not {text!r}")
    members = {str(member.value): member for member in enumeration}
    name = text.strip().lower().replace("-", "_")
    if name in members:
        return members[name]
    close = get_close_matches(name, members, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    raise ValueError(f"{kind} must be one of {', '.join(members)}, not {text!r}{hint}")
