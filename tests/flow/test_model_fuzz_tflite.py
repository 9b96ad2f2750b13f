"""Broken .tflite files: each is read, or refused in one sentence, in bounded time and memory."""

import os
from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest
from broken_files import bounded_memory, read_broken, read_or_refuse
from flatbuffers import encode
from tflite_samples import SAMPLES

from flow.tflite_reader import read_tflite
from flow.tflite_tensors import MAX_ELEMENTS

SEED = 0

SHARED = ("ad01_int8", "kws_ref_model", "pretrainedResnet_large_int8")

WORDS = (0, 1, 2, 4, 127, 128, 255, 256, 65535, 65536, (1 << 31) - 1, 1 << 31, (1 << 32) - 1,
         (1 << 32) - 4, 0x7F800000, 0xFF800000, 0x7FC00000)  # fmt: skip
"""Extremes of integers, infinities and no number."""


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


def read_checked(data):
    model = read_tflite(data)
    assert all(tensor.size <= MAX_ELEMENTS for tensor in model.tensors.values())
    return model


def broken(files, index, random):
    return mutated(files[index % len(files)], files, random)


def check_both_outcomes(read, count):
    """The mutations are neither harmless nor hopeless."""
    assert 0.02 * count < read < 0.9 * count


def test_broken_samples():
    read, _ = read_broken(read_checked, partial(broken, [*SAMPLES.values()]), 3000, SEED)
    check_both_outcomes(read, 3000)


def test_a_file_cut_off_anywhere_is_refused():
    data = SAMPLES["conv"]
    with bounded_memory():
        assert not any(read_or_refuse(read_tflite, data[:end]) for end in range(len(data)))


@pytest.mark.long
def test_broken_shared_models_and_samples():
    if not shared_files():
        pytest.skip("LASTBIT_MODELS must name the folder of the models")
    files = [*shared_files() * 10, *SAMPLES.values()]
    read, slowest = read_broken(read_checked, partial(broken, files), 10_000, SEED)
    check_both_outcomes(read, 10_000)
    print(f"{read} of 10000 read, the slowest in {slowest:.2f} s")
