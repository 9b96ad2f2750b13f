"""The rule of jobs, written the plain way, against the model of the accelerator."""

from dataclasses import asdict

import numpy as np
import pytest
from gemm_networks import SMALL_GEMM, gemm_config

from flow.gemm_jobs import MatrixJob, job_list
from flow.gemm_twin import GemmTwin
from flow.random_graphs import random_codes
from golden.channel_parameters import channel_parameters
from golden.requantize import Requantization, requantize
from golden.scheme import Scheme
from hw.host_port import HostMemory
from hw.parameter_word import Parameters
from hw.word_memory import host_stride


def requantization(rng, channels):
    scale = rng.uniform(0.5, 4, channels) * 2.0**-10
    bias = rng.integers(-3000, 3000, channels)
    return Requantization.from_scale(Scheme.FLOAT32, scale, bias, zero_point=-7)


def write(twin, memory, address, words, stride):
    """Write words of bytes."""
    data = b"".join(bytes(word).ljust(4 * stride, b"\0") for word in words)
    twin.write(memory, address * stride, np.frombuffer(data, "<u4"))


def read(twin, address, count, side):
    stride = host_stride(twin.config.weight_row)
    words = twin.read(HostMemory.ACTIVATION, address * stride, count * stride)
    return words.astype("<u4").view(np.int8).reshape(count, -1)[:, :side]


@pytest.mark.parametrize("side", [1, 2, 4, 8])
@pytest.mark.parametrize(("rows", "tiles_n", "steps_k"), [(1, 1, 1), (5, 2, 3), (3, 3, 1)])
def test_what_a_job_does(side, rows, tiles_n, steps_k):
    rng = np.random.default_rng(side)
    config = gemm_config(side, parameters=8 * side, weights=1024)
    stride, parameter_stride = (
        host_stride(config.weight_row),
        host_stride(config.parameter_word.layout),
    )
    activations = random_codes(rng, (steps_k * rows, side))
    weights = random_codes(rng, (tiles_n * steps_k * side, side))
    rule = requantization(rng, tiles_n * side)
    parameters = [Parameters(**asdict(word)) for word in channel_parameters(rule)]
    encoded = [
        config.parameter_word.encode(word).to_bytes(4 * parameter_stride, "little")
        for word in parameters
    ]
    twin = GemmTwin(config)
    write(twin, HostMemory.ACTIVATION, 7, activations, stride)
    write(twin, HostMemory.WEIGHT, 3, weights, stride)
    write(twin, HostMemory.PARAMETER, side, encoded, parameter_stride)
    job = MatrixJob(
        rows=rows,
        tiles_n=tiles_n,
        steps_k=steps_k,
        activation_address=7,
        weight_address=3,
        parameter_address=side,
        output_address=100,
    )
    twin.write(HostMemory.PROGRAM, 16, job_list([job]))
    twin.run(16)

    sums = np.zeros((rows, tiles_n * side), np.int64)
    for n in range(tiles_n):
        for k in range(steps_k):
            for m in range(rows):
                for r in range(side):
                    word = weights[(n * steps_k + k) * side + r].astype(np.int64)
                    sums[m, n * side : (n + 1) * side] += activations[k * rows + m, r] * word
    expected = requantize(sums.astype(np.int32), rule)
    found = read(twin, 100, tiles_n * rows, side)
    for n in range(tiles_n):
        for m in range(rows):
            np.testing.assert_array_equal(
                found[n * rows + m], expected[m, n * side : (n + 1) * side]
            )


def test_a_job_past_a_memory_is_refused():
    twin = GemmTwin(SMALL_GEMM)
    job = MatrixJob(
        rows=1,
        tiles_n=1,
        steps_k=1,
        activation_address=256,
        weight_address=0,
        parameter_address=0,
        output_address=0,
    )
    twin.write(HostMemory.PROGRAM, 0, job_list([job]))
    with pytest.raises(ValueError, match=r"^job 0 must stay within the 256 activation_words"):
        twin.run(0)
    with pytest.raises(ValueError, match=r"^memory PROGRAM has 72 words of 32 bits, not 9 from 64"):
        twin.read(HostMemory.PROGRAM, 64, 9)
