import numpy as np
import pytest

pytest.importorskip("ai_edge_litert", reason="pip install ai-edge-litert for LiteRT as an oracle")
pytest.importorskip("tflite", reason="pip install tflite to build test models")

from litert_cases import unary
from litert_oracle import compare
from tflite import BuiltinOperator

from golden.kernels.exponential import expf
from golden.kernels.registry import KernelSets

SCALE, COLUMNS = np.float32(0.037), 9


def codes(weights, total):
    portion = weights * (np.float32(1) / (total * np.float32(1 / 256)))
    return np.floor(portion.astype(np.float64) + 0.5)


def test_the_sum_is_taken_from_the_first_to_the_last():
    """On the rows whose result another order of the sum would change, found among many."""
    rows = np.random.default_rng(1).integers(-128, 128, (150_000, COLUMNS)).astype(np.int8)
    distances = rows.max(1, keepdims=True).astype(int) - rows
    weights = expf(-SCALE * np.arange(256, dtype=np.float32))[distances]
    forward = np.add.accumulate(weights, axis=1)[:, -1:]
    backward = np.add.accumulate(weights[:, ::-1], axis=1)[:, -1:]
    telling = rows[(codes(weights, forward) != codes(weights, backward)).any(1)]
    assert len(telling) > 1
    data, _ = unary(
        np.random.default_rng(1), BuiltinOperator.SOFTMAX, telling.shape, scales=(SCALE, 0),
        out=(1 / 256, -128), Beta=1.0,
    )  # fmt: skip
    for kernel_set in (KernelSets.LITERT, KernelSets.LITERT_NO_DELEGATE):
        assert compare(data, [[telling]], kernel_set).differences == {}
