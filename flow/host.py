"""The host's side of the link: one driver over every carrier.

    host = Host(transport)
    host.check(config)
    host.write(HostMemory.PROGRAM, 0, words)
    host.run(0)
    host.wait(timeout=10)

A carrier may lose, repeat and change bytes; `flow.link_requests` makes up for it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from flow.host_errors import LinkError, OtherHardwareError, ProgramStoppedError
from flow.link_requests import LinkRequests
from flow.transport import Transport
from golden.program_error import ProgramError
from hw.accelerator_config import AcceleratorConfig
from hw.host_port import HostMemory
from hw.identification import identification
from hw.packet import MAX_WORDS, STATUS_WORDS, Command
from hw.register_map import COUNTERS, REGISTERS, State

__all__ = ["Host", "Status"]

_ADDRESSES = 1 << 32
_WORD = 0xFFFFFFFF
_PAUSE = 1 / 16


@dataclass(frozen=True)
class Status:
    """What the sequencer does, and why and at which program address it stopped."""

    state: State
    error: ProgramError
    error_address: int


class Host:
    """Talks to an accelerator.

    Parameters
    ----------
    transport
        The carrier.
    timeout
        Seconds to wait for a reply. It must be longer than a packet of ``packet_words`` takes both
        ways and, over a serial line, than the gap after which the hardware gives a packet up.
    attempts
        How often a request is sent before `LinkError` is raised.
    packet_words
        Words to carry in a packet, at most `hw.packet.MAX_WORDS`. On a line that changes many
        bytes short packets get through more often.

    Raises
    ------
    LinkError
        Nothing answers.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        timeout: float = 1.0,
        attempts: int = 5,
        packet_words: int = MAX_WORDS,
    ) -> None:
        if not 1 <= packet_words <= MAX_WORDS:
            raise ValueError(f"packet_words must be from 1 to {MAX_WORDS}, not {packet_words}")
        self.packet_words = packet_words
        self.link = LinkRequests(transport, timeout=timeout, attempts=attempts)
        """Sends the requests, and counts those that were sent again."""
        # The first request must not change anything: its number may be that of the last one of
        # the host before, and then a change would be taken for one that was done already.
        self.status()

    def status(self) -> Status:
        """Return what the sequencer does."""
        words = self.link.ask(Command.STATUS, expected=STATUS_WORDS).payload
        fields = _registers(REGISTERS["state"].word, words)
        return Status(fields["state"], fields["error"], fields["error_address"])

    def write(self, memory: HostMemory, address: int, words: npt.ArrayLike) -> None:
        """Write 32-bit words to a memory from an address on, which counts in such words.

        Raises
        ------
        RefusedError
            The memory ends before, or a program is running. Part of it may be written.
        """
        data = _words(words)
        _check_span("write", memory, address, len(data))
        for start in range(0, len(data), self.packet_words):
            part = tuple(data[start : start + self.packet_words].tolist())
            self.link.ask(Command.WRITE, memory=memory, address=address + start, payload=part)

    def read(self, memory: HostMemory, address: int, count: int) -> npt.NDArray[np.uint32]:
        """Return 32-bit words of a memory from an address on, which counts in such words.

        Raises
        ------
        RefusedError
            The memory ends before, or a program is running.
        """
        _check_span("read", memory, address, count)
        words: list[int] = []
        while len(words) < count:
            part = min(self.packet_words, count - len(words))
            place = {"memory": memory, "address": address + len(words), "count": part}
            words += self.link.ask(Command.READ, expected=part, **place).payload
        return np.array(words, np.uint32)

    def run(self, address: int = 0) -> None:
        """Start the program at an address, which counts in words of 32 bits.

        Raises
        ------
        RefusedError
            A program is running.
        """
        _check_span("run", HostMemory.PROGRAM, address, 1)
        self.link.ask(Command.RUN, address=address)

    def wait(self, timeout: float) -> Status:
        """Wait until no program is running, at most for ``timeout`` seconds.

        Raises
        ------
        ProgramStoppedError
            The program ended in an error, which the message names.
        LinkError
            It is still running.
        """
        start = self.link.now()
        while True:
            waited = self.link.now() - start
            late = waited > timeout
            status = self.status()
            if status.state is State.ERROR:
                name = getattr(status.error, "name", status.error)
                raise ProgramStoppedError(
                    f"the program stopped at address {status.error_address}: {name}"
                )
            if status.state is not State.RUNNING:
                return status
            if late:
                raise LinkError(f"the program is still running after {timeout:g} s; wait longer")
            # Few questions, and the end is seen late by a small part of the program's time.
            self.link.pause(min(waited * _PAUSE, timeout - waited))

    def identification(self) -> dict[str, int]:
        """Return what the hardware says about itself, by the names of the register table."""
        last = REGISTERS["number_rules"].word
        fields = _registers(0, self.read(HostMemory.REGISTER, 0, last + 1).tolist())
        return {name: fields[name] for name in identification(AcceleratorConfig())}

    def check(self, config: AcceleratorConfig) -> None:
        """Make sure that the hardware is this configuration, with the same number rules.

        Raises
        ------
        OtherHardwareError
            It is not; the message names the first difference.
        """
        found = self.identification()
        for name, expected in identification(config).items():
            if found[name] != expected:
                raise OtherHardwareError(
                    f"{name} must be {expected}, and the hardware says {found[name]}: "
                    "load the bitstream of this configuration, or take the hardware's"
                )

    def counters(self) -> dict[str, int]:
        """Return what the last run counted, by the names of the register table."""
        first, last = (REGISTERS[COUNTERS[end]].word for end in (0, -1))
        words = self.read(HostMemory.REGISTER, first, last - first + 1).tolist()
        fields = _registers(first, words)
        return {name: fields[name] for name in COUNTERS}


def _registers(first: int, words: Any) -> dict[str, Any]:
    """Return the fields of registers that follow each other; those of others are 0."""
    number = sum(word << (32 * (first + index)) for index, word in enumerate(words))
    fields: dict[str, Any] = REGISTERS.decode(number)
    return fields


def _words(words: npt.ArrayLike) -> npt.NDArray[np.uint32]:
    array = np.atleast_1d(np.asarray(words))
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise TypeError(f"words must be a list of integers, not {array.ndim} axes of {array.dtype}")
    outside = array[(array < 0) | (array > _WORD)]
    if outside.size:
        raise ValueError(f"a word must be from 0 to {_WORD}, not {outside[0]}")
    return array.astype(np.uint32)


def _check_span(what: str, memory: HostMemory, address: int, count: int) -> None:
    if address < 0 or count < 1 or address + count > _ADDRESSES:
        raise ValueError(
            f"{what} must be of 1 word or more at addresses from 0 to {_WORD}, "
            f"not of {count} at {address}"
        )
