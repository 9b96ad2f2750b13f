"""Broken files: each is read, or refused in one sentence, in bounded time and memory."""

import resource
import signal
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

import numpy as np

from flow.errors import UserError
from golden.model import Model

SECONDS = 10
"""A file that takes longer hangs; the slowest takes about a tenth of a second."""

MEMORY = 256 << 20
"""What reading may take on top of what the process has: the files have at most 0.5 MB."""

MAX_SENTENCE = 20_000


@contextmanager
def bounded_memory():
    """Give MemoryError to what takes too much."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limits = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)


def read_or_refuse(read, data):
    """Return the model that a file is, or None; a refusal must be one printable sentence."""

    def stop(*_):
        raise AssertionError(f"reading took more than {SECONDS} seconds")

    handler = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        model = read(data)
    except UserError as error:
        sentence = str(error)
        assert sentence.isprintable(), f"not one line: {sentence!r}"
        assert 10 < len(sentence) < MAX_SENTENCE
        return None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
    assert isinstance(model, Model)
    return model


def read_broken(read, broken, count, seed):
    """Read `count` files of `broken(index, random)`.

    Returns how many were models, and the longest time in seconds.
    """
    models, slowest = 0, 0.0
    with bounded_memory():
        for index in range(count):
            data = broken(index, np.random.default_rng([seed, index]))
            start = perf_counter()
            try:
                models += read_or_refuse(read, data) is not None
            except Exception as error:
                raise AssertionError(f"seed {seed}, file {index}") from error
            slowest = max(slowest, perf_counter() - start)
    return models, slowest
