"""Requests over the link, sent again until they are answered."""

import secrets
from typing import Any

from flow.host_errors import LinkError, OtherHardwareError, RefusedError
from flow.link_protocol import Packet, PacketFinder, encode
from flow.transport import Transport
from hw.packet import Command, Result

__all__ = ["LinkRequests"]

_SEQUENCES = 1 << 16


class LinkRequests:
    """Asks one thing after the other and waits for the answer.

    The number of a request keeps it from being done twice when it is sent again, and the CRC keeps
    what came wrong from being believed.

    Parameters
    ----------
    transport
        The carrier.
    timeout
        Seconds to wait for a reply before the request is sent again.
    attempts
        How often it is sent in all.
    """

    def __init__(self, transport: Transport, *, timeout: float, attempts: int) -> None:
        if not timeout > 0:
            raise ValueError(f"timeout must be above 0 s, not {timeout}")
        if attempts < 1:
            raise ValueError(f"attempts must be 1 or more, not {attempts}")
        self.timeout = timeout
        self.attempts = attempts
        self.repeated = 0
        """How many times a request was sent again so far."""
        self._transport = transport
        self._finder = PacketFinder()
        self._sequence = secrets.randbelow(_SEQUENCES)

    def now(self) -> float:
        """Return the carrier's time in seconds."""
        return self._transport.now()

    def pause(self, seconds: float) -> None:
        """Let time pass; what comes meanwhile answers nothing."""
        if seconds > 0:
            self._transport.receive(seconds)

    def ask(self, command: Command, *, expected: int = 0, **fields: Any) -> Packet:
        """Send a request with the fields of a `Packet` and return its reply, if it was done.

        Raises
        ------
        LinkError
            No reply came.
        RefusedError
            The accelerator refused it.
        OtherHardwareError
            The reply is not one of ``expected`` words, or says that there is no such request.
        """
        self._sequence = (self._sequence + 1) % _SEQUENCES
        request = Packet(command, self._sequence, **fields)
        reply = self._exchange(request)
        what = f"{command.name} at address {request.address}"
        if command in (Command.READ, Command.WRITE):
            what += f" of memory {request.memory.name}"
        if reply.result is Result.REFUSED:
            raise RefusedError(
                f"the accelerator refused {what}, {max(1, request.count, len(request.payload))} "
                "words: there is no such address, or a program is running"
            )
        if reply.result is not Result.DONE or len(reply.payload) != expected:
            raise OtherHardwareError(
                f"the hardware does not know {what}: load the bitstream of this version"
            )
        return reply

    def _exchange(self, request: Packet) -> Packet:
        data = encode(request)
        for attempt in range(self.attempts):
            self.repeated += attempt > 0
            # A length that came wrong would make the finder wait for what never comes.
            self._finder.clear()
            self._transport.send(data)
            deadline = self.now() + self.timeout
            while (left := deadline - self.now()) > 0:
                for packet in self._finder.feed(self._transport.receive(left)):
                    if packet.answers(request):
                        return packet
        raise LinkError(
            f"no answer to {request.command.name} in {self.attempts} attempts of "
            f"{self.timeout:g} s: check the carrier, its speed, and that the bitstream is loaded"
        )
