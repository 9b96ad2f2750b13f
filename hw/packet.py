"""The packets of the link: one table for hardware, host driver and docs."""

from amaranth.lib import crc, data, enum, wiring
from amaranth.lib.crc import catalog
from amaranth.lib.wiring import Out

from hw.field_table import Field, FieldTable
from hw.host_port import HostMemory

__all__ = [
    "BYTES",
    "CRC32",
    "MAGIC",
    "MAX_WORDS",
    "PACKET",
    "PACKET_WORD",
    "STATUS_WORDS",
    "Command",
    "Result",
]

MAGIC = 0x4C17B17E
"""The first word of every packet. No shift of it by whole bytes looks like its own beginning."""

MAX_WORDS = 256
"""Words that one packet carries at most."""

STATUS_WORDS = 2
"""Registers that the reply to `Command.STATUS` carries."""

CRC32: crc.Algorithm = catalog.CRC32_ISO_HDLC
"""The CRC of Ethernet and zlib, over the bytes of a packet in the order they are sent."""


class Command(enum.Enum, shape=4):
    """What the host asks for. 0 is illegal."""

    WRITE = 1
    """Write the payload to a memory, from `address` on."""
    READ = 2
    """Send `count` words of a memory, from `address` on."""
    RUN = 3
    """Start the program at `address`."""
    STATUS = 4
    """Send the registers from `state` on."""


class Result(enum.Enum, shape=4):
    """How a request ended."""

    DONE = 0
    REFUSED = 1
    """The core refused a word: no such address, or not while it runs. Others may be done."""
    ILLEGAL = 2
    """The packet asks for what there is not, and nothing was done."""


PACKET = FieldTable(4, [
    Field("magic",    0,  0, 32, "begins every packet"),
    Field("sequence", 1,  0, 16, "number of the request; its reply has the same"),
    Field("command",  1, 16,  4, "what is asked; its reply has the same", kind=Command),
    Field("memory",   1, 20,  4, "which memory", kind=HostMemory),
    Field("result",   1, 24,  4, "how the request ended; 0 in a request", kind=Result),
    Field("reply",    1, 31,  1, "1 in a reply, 0 in a request"),
    Field("address",  2,  0, 32, "first word of the memory, or of the program"),
    Field("length",   3,  0, 16, "words of payload that follow"),
    Field("count",    3, 16, 16, "words asked for by a read"),
])

PACKET_WORD = data.StructLayout({
    "data": 32,
    "last": 1,  # ends the packet
})

BYTES = wiring.Signature({"payload": Out(8), "valid": Out(1)})
"""Bytes that come when they come: a stream that cannot be held up."""
