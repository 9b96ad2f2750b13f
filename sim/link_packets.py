"""Packets of the link as words, with a CRC from elsewhere than the hardware's."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hw.packet import MAGIC, PACKET

__all__ = ["Reply", "beats", "request"]


def _with_crc(words: Sequence[int]) -> list[int]:
    data = b"".join(word.to_bytes(4, "little") for word in words)
    return [*words, zlib.crc32(data)]


def request(payload: Sequence[int] = (), **fields: Any) -> list[int]:
    """Return the words of a packet; fields that are not named are 0 or right."""
    values = {"magic": MAGIC, "length": len(payload), **fields}
    header = PACKET.encode(values)
    return _with_crc([header >> (32 * n) & 0xFFFFFFFF for n in range(PACKET.words)] + [*payload])


def beats(words: Sequence[int]) -> list[int]:
    """Return words as beats of a stream of `PACKET_WORD`, the last one marked."""
    return [word | (index == len(words) - 1) << 32 for index, word in enumerate(words)]


@dataclass(frozen=True)
class Reply:
    """A reply: its header's fields by name, and its payload."""

    fields: dict[str, Any]
    payload: list[int]

    @classmethod
    def parse(cls, words: Sequence[int]) -> "Reply":
        """Return what words say that must be one whole reply."""
        header = sum(word << (32 * n) for n, word in enumerate(words[: PACKET.words]))
        fields = PACKET.decode(header)
        payload = [*words[PACKET.words : -1]]
        assert list(words) == _with_crc(words[:-1]), f"a wrong CRC: {words}"
        assert (fields["magic"], fields["reply"]) == (MAGIC, 1), f"not a reply: {fields}"
        assert fields["length"] == len(payload), f"{len(payload)} words of payload: {fields}"
        return cls(fields, payload)
