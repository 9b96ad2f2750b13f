"""Broken .tflite files: each is read, or refused in one sentence, in bounded time and memory."""

import os
import resource
import signal
from functools import cache
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest
from flatbuffers import encode
from tflite_samples import SAMPLES

from flow.errors import UserError
from flow.tflite_reader import read_tflite
from flow.tflite_tensors import MAX_ELEMENTS

SECONDS = 10
"""A file that takes longer hangs; the slowest takes about a tenth of a second."""

MEMORY = 256 << 20
"""What reading may take on top of what the process has: the files have up to 0.5 MB."""

MAX_SENTENCE = 20_000

SHARED = ("ad01_int8", "kws_ref_model", "pretrainedResnet_large_int8")

WORDS = (0, 1, 2, 4, 127, 128, 255, 256, 65535, 65536, (1 << 31) - 1, 1 << 31, (1 << 32) - 1,
         (1 << 32) - 4, 0x7F800000, 0xFF800000, 0x7FC00000)  # fmt: skip
"""Extremes of integers, infinities and no number."""


@pytest.fixture
def bounded():
    """Ends a file that hangs, and gives MemoryError to one that takes too much."""

    def stop(*_):
        raise AssertionError(f"reading took more than {SECONDS} seconds")

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limits = resource.getrlimit(resource.RLIMIT_AS)
    handler = signal.signal(signal.SIGALRM, stop)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY, limits[1]))
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, handler)
    resource.setrlimit(resource.RLIMIT_AS, limits)


@cache
def shared_files():
    folder = os.environ.get("LASTBIT_MODELS")
    return [(Path(folder) / f"{name}.tflite").read_bytes() for name in SHARED] if folder else []


@cache
def looked_at(data):
    """Offsets in a file that the reader reads: of its tables, and of its vectors of numbers."""
    tables, vectors = set(), set()
    get, get_vector = encode.Get, encode.GetVectorAsNumpy

    def record(packer, buffer, head):
        tables.update(range(head, head + packer.size))
        return get(packer, buffer, head)

    def record_vector(dtype, buffer, count, offset):
        values = get_vector(dtype, buffer, count, offset)
        if values.itemsize > 1:  # single bytes are constants
            vectors.update(range(offset, offset + values.nbytes))
        return values

    encode.Get, encode.GetVectorAsNumpy = record, record_vector
    try:
        read_tflite(data)
    finally:
        encode.Get, encode.GetVectorAsNumpy = get, get_vector
    return [np.array(sorted(found)) for found in (tables, vectors)]


def mutated(data, others, random):
    """A copy with some bits, words or stretches changed, or cut off."""
    broken = bytearray(data)
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        at = random.integers(len(data))
        if random.random() < 0.95:
            at = int(random.choice(looked_at(data)[random.integers(2)]))
        kind = random.integers(16)
        if kind < 4:
            broken[at : at + 1] = bytes([data[at] ^ (1 << int(random.integers(8)))])
        elif kind < 9:
            broken[at : at + 1] = bytes([random.integers(10)])
        elif kind < 13:
            word = random.choice((*WORDS, len(data) - at, len(data)))
            aligned = at & ~3
            broken[aligned : aligned + 4] = int(word).to_bytes(4, "little")
        elif kind == 13:
            broken = broken[:at]
        elif kind == 14:
            other = others[random.integers(len(others))]
            start, length = random.integers(len(other)), random.integers(1, 64)
            broken[at : at + length] = other[start : start + length]
        else:
            del broken[at : at + random.integers(1, 9)]
    return bytes(broken)


def outcome(data):
    """Whether a file is read; a refusal must be one printable sentence."""
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        model = read_tflite(data)
    except UserError as error:
        sentence = str(error)
        assert sentence.isprintable(), f"not one line: {sentence!r}"
        assert 10 < len(sentence) < MAX_SENTENCE
        return False
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    assert all(tensor.size <= MAX_ELEMENTS for tensor in model.tensors.values())
    return True


def fuzz(files, count):
    """Read mutated files and return how many still make a model, and the slowest in seconds."""
    read, slowest = 0, 0.0
    for seed in range(count):
        random = np.random.default_rng(seed)
        data = mutated(files[seed % len(files)], files, random)
        start = perf_counter()
        try:
            read += outcome(data)
        except Exception as error:
            raise AssertionError(f"seed {seed} of {count}") from error
        slowest = max(slowest, perf_counter() - start)
    return read, slowest


def check_both_outcomes(read, count):
    """The mutations are neither harmless nor hopeless."""
    assert 0.02 * count < read < 0.9 * count


def test_broken_samples(bounded):
    read, _ = fuzz([*SAMPLES.values()], 3000)
    check_both_outcomes(read, 3000)


def test_a_file_cut_off_anywhere_is_refused(bounded):
    data = SAMPLES["conv"]
    for length in range(len(data)):
        outcome(data[:length])


@pytest.mark.long
def test_broken_shared_models_and_samples(bounded):
    if not shared_files():
        pytest.skip("LASTBIT_MODELS must name the folder of the models")
    read, slowest = fuzz([*shared_files() * 10, *SAMPLES.values()], 10_000)
    check_both_outcomes(read, 10_000)
    print(f"{read} of 10000 read, the slowest in {slowest:.2f} s")
