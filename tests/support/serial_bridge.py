"""A serial port whose other end is a simulated accelerator, for tests of what talks to boards."""

import os
import select
import threading
from contextlib import contextmanager

import pytest

from flow.link_protocol import PacketFinder, encode


@contextmanager
def serial_port(link):
    """Yield the name of a port behind which `link`, a carrier of packets, answers."""
    pty = pytest.importorskip("pty", reason="pseudo-terminals need a POSIX system")
    ours, theirs = pty.openpty()
    done, failure = threading.Event(), []

    def serve():
        finder = PacketFinder()
        try:
            while not done.is_set():
                if not select.select([ours], [], [], 0.05)[0]:
                    continue
                for packet in finder.feed(os.read(ours, 4096)):
                    link.send(encode(packet))
                    reply = link.receive(1e-3)
                    while reply:
                        reply = reply[os.write(ours, reply) :]
        except OSError as error:
            failure.append(error)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield os.ttyname(theirs)
    finally:
        done.set()
        thread.join()
        os.close(theirs)
        os.close(ours)
    assert not failure, failure
