"""The serial port, with a pseudo-terminal for its other end."""

import os
import re
import time

import pytest

from flow.errors import UserError
from flow.serial_transport import SerialTransport


@pytest.fixture
def ends():
    """Yields the file of one end of a line and the transport at the other."""
    pty = pytest.importorskip("pty", reason="pseudo-terminals need a POSIX system")
    ours, theirs = pty.openpty()
    with SerialTransport(os.ttyname(theirs)) as transport:
        yield ours, transport
    os.close(theirs)
    os.close(ours)


EVERY_BYTE = bytes(range(256))


def test_every_byte_is_sent_as_it_is(ends):
    ours, transport = ends
    transport.send(EVERY_BYTE)
    data = b""
    while len(data) < 256:
        data += os.read(ours, 256)
    assert data == EVERY_BYTE


def test_every_byte_is_received_as_it_is(ends):
    ours, transport = ends
    os.write(ours, EVERY_BYTE)
    data = b""
    while len(data) < 256:
        piece = transport.receive(1.0)
        assert piece, f"{len(data)} of 256 bytes came"
        data += piece
    assert data == EVERY_BYTE


def test_it_waits_as_long_as_it_is_told(ends):
    _, transport = ends
    start = transport.now()
    assert transport.receive(0.05) == b""
    assert 0.05 <= transport.now() - start < 2
    assert abs(transport.now() - time.monotonic()) < 1


def test_nothing_is_sent_back(ends):
    ours, transport = ends
    os.write(ours, b"echo\r\n")
    assert transport.receive(1.0)
    os.set_blocking(ours, False)
    with pytest.raises(BlockingIOError):
        os.read(ours, 16)


@pytest.mark.parametrize(
    ("port", "baud", "sentence"),
    [
        ("/dev/no-such-port", 115200,
         "/dev/no-such-port cannot be opened: No such file or directory"),
        ("/dev/null", 115200, "/dev/null must be a serial port: Inappropriate ioctl for device"),
        ("/dev/null", 115201, "baud must be a speed that the system knows, not 115201: take one "),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_port_is_told(port, baud, sentence):
    with pytest.raises(UserError, match=f"^{re.escape(sentence)}"):
        SerialTransport(port, baud=baud)
