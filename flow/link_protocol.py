"""Packets of the link as bytes, and packets found among bytes.

The fields are those of `hw.packet.PACKET`, the table that the hardware is made from.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from bitstring import Bits, pack

from hw.host_port import HostMemory
from hw.packet import MAGIC, MAX_WORDS, PACKET, Command, Result

__all__ = ["Packet", "PacketFinder", "decode", "encode", "packet_bytes"]

_WORD_BYTES = 4
_HEADER_BYTES = PACKET.words * _WORD_BYTES
_CRC_BYTES = 4
_MAGIC_BYTES = Bits(uintle=MAGIC, length=32).tobytes()


@dataclass(frozen=True)
class Packet:
    """A request, or a reply with its ``result``.

    Parameters
    ----------
    command, sequence : what is asked, and the request's number, 0 to 65535
    memory, address, count : where, and how many words are asked for
    payload : words of 32 bits, at most `hw.packet.MAX_WORDS`
    result : None in a request
    """

    command: Command
    sequence: int
    memory: HostMemory = HostMemory.PROGRAM
    address: int = 0
    count: int = 0
    payload: tuple[int, ...] = ()
    result: Result | None = None

    def answers(self, request: "Packet") -> bool:
        """Whether this is a reply to a request: it repeats what was asked."""
        return self.result is not None and self._question == request._question

    @property
    def _question(self) -> tuple[object, ...]:
        return self.command, self.sequence, self.memory, self.address, self.count


def encode(packet: Packet) -> bytes:
    """Return a packet as it is sent.

    Raises
    ------
    ValueError
        A number does not fit its field, or the payload is longer than a packet may be.
    """
    if len(packet.payload) > MAX_WORDS:
        raise ValueError(
            f"a payload must have at most {MAX_WORDS} words, not {len(packet.payload)}: "
            "send several packets"
        )
    fields = {
        "magic": MAGIC,
        "sequence": packet.sequence,
        "command": packet.command,
        "memory": packet.memory,
        "address": packet.address,
        "length": len(packet.payload),
        "count": packet.count,
    }
    if packet.result is not None:
        fields |= {"result": packet.result, "reply": 1}
    header = PACKET.encode(fields)
    body: bytes = Bits(uintle=header, length=8 * _HEADER_BYTES).tobytes()
    if packet.payload:
        body += pack(f"{len(packet.payload)}*uintle:32", *packet.payload).tobytes()
    checked: bytes = body + Bits(uintle=zlib.crc32(body), length=32).tobytes()
    return checked


def packet_bytes(data: bytes | bytearray) -> int | None:
    """Return how many bytes the packet that ``data`` begins with has.

    It is None if that is no packet, and 0 if it can't be told yet.
    """
    if not data.startswith(_MAGIC_BYTES[: len(data)]):
        return None
    if len(data) < _HEADER_BYTES:
        return 0
    length = PACKET.decode(_unsigned(data[:_HEADER_BYTES]))["length"]
    return None if length > MAX_WORDS else _HEADER_BYTES + length * _WORD_BYTES + _CRC_BYTES


def decode(data: bytes) -> Packet | None:
    """Return the packet that ``data`` is, or None if it is not exactly one that is whole.

    >>> decode(encode(Packet(Command.RUN, 7, address=64))).address
    64
    >>> decode(b"garbage") is None
    True
    """
    if not data or len(data) != packet_bytes(data):
        return None
    if zlib.crc32(data[:-_CRC_BYTES]) != _unsigned(data[-_CRC_BYTES:]):
        return None
    fields = PACKET.decode(_unsigned(data[:_HEADER_BYTES]))
    payload = data[_HEADER_BYTES:-_CRC_BYTES]
    return Packet(
        command=fields["command"],
        sequence=fields["sequence"],
        memory=fields["memory"],
        address=fields["address"],
        count=fields["count"],
        payload=tuple(np.frombuffer(payload, "<u4").tolist()),
        result=fields["result"] if fields["reply"] else None,
    )


def _unsigned(data: bytes | bytearray) -> int:
    value: int = Bits(hex=data.hex()).uintle
    return value


class PacketFinder:
    """Finds packets in a sequence of bytes, some of which may be wrong, missing or too many."""

    def __init__(self) -> None:
        self._data = bytearray()

    def feed(self, data: bytes) -> Iterator[Packet]:
        """Take bytes and yield the packets that are whole now."""
        self._data += data
        while True:
            start = self._data.find(_MAGIC_BYTES[:1])
            del self._data[: len(self._data) if start < 0 else start]
            size = packet_bytes(self._data)
            if size == 0 or (size is not None and len(self._data) < size) or not self._data:
                return
            packet = None if size is None else decode(bytes(self._data[:size]))
            # What only looked like a packet may hold the beginning of one.
            del self._data[: 1 if packet is None else size]
            if packet is not None:
                yield packet

    def clear(self) -> None:
        """Forget what has come of a packet that is not whole."""
        self._data.clear()
