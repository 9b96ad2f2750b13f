"""The port through which a host reaches the accelerator's memories and registers."""

from amaranth.lib import data, enum, stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["HOST_REPLY", "HOST_REQUEST", "HostMemory", "HostPort"]


class HostMemory(enum.Enum, shape=3):
    """What an address counts in."""

    PROGRAM = 0
    """Instructions."""
    WEIGHT = 1
    """Tiles of weights."""
    PARAMETER = 2
    """Requantizer parameters."""
    ACTIVATION = 3
    """Tensors."""
    REGISTER = 4
    """`hw.register_map`: identification, control, status and counters."""


HOST_REQUEST = data.StructLayout({
    "memory":  HostMemory,
    "write":   1,   # write `data`; otherwise read
    "address": 32,  # in words of 32 bits
    "data":    32,
})

HOST_REPLY = data.StructLayout({
    "data":    32,  # what was read; 0 after a write
    "refused": 1,   # nothing was read or written: no such address, or not while it runs
})


class HostPort(wiring.Signature):
    """Requests to the core and its replies, as seen from the host's side.

    Every request, a write as well, gets one reply, in order, in a later cycle than the request's.
    The host takes it at once. The core must not wait with a reply for a later request; how many
    requests it takes before their replies is its own affair.

    A word of a memory that is wider than 32 bits is a little-endian sequence of 32-bit words,
    padded to a power of two of them.

    Members
    -------
    request : Out(stream.Signature(HOST_REQUEST))
    reply : In({payload: HOST_REPLY, valid: 1})
    """

    def __init__(self):
        super().__init__({
            "request": Out(stream.Signature(HOST_REQUEST)),
            "reply":   In(wiring.Signature({"payload": Out(HOST_REPLY), "valid": Out(1)})),
        })
