import pytest

from hw.config import EngineConfig
from hw.gemm_engine import GemmEngine


@pytest.mark.parametrize("lanes", [1, 2, 4, 8, 16, 32, 64])
def test_any_number_of_columns_can_share_a_requantizer(lanes):
    engine = GemmEngine(EngineConfig(rows=4, cols=64, lanes=lanes))
    assert engine.latency > engine.pipeline_latency > 64


@pytest.mark.parametrize(
    ("lanes", "entries"), [(64, 16), (32, 8), (1, 8)], ids=["one each", "of two", "of all"]
)
def test_entries_of_parameters_are_few_where_columns_share(lanes, entries):
    assert GemmEngine.entries_of(EngineConfig(rows=4, cols=64, lanes=lanes)) == entries
