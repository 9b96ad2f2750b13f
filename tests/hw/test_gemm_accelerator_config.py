import pytest

from golden.formats import IntegerFormat
from hw.config import EngineConfig
from hw.gemm_accelerator_config import GemmAcceleratorConfig

ENGINE = EngineConfig(rows=4, cols=4, lanes=2)
SQUARE = (
    "rows and columns of a GEMM accelerator must be equal and a power of two, not {} and {}: "
    "results of a job are the activations of another"
)


def test_words_follow_the_engine():
    config = GemmAcceleratorConfig(ENGINE, activation_words=100, parameter_words=40)
    assert config.activation_bytes == 400
    assert config.weight_row.size == config.activation_row.size == 32
    assert config.parameter_entries == 10


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"engine": 8}, TypeError, "engine must be an EngineConfig, not 8"),
        ({"activation_words": 64.5}, TypeError, "activation_words must be an integer, not 64.5"),
        ({"activation_words": 1}, ValueError, "activation_words must be from 2 to 1048576, not 1"),
        ({"weight_words": 3}, ValueError, "weight_words must be from 4 to 1048576, not 3"),
        ({"parameter_words": 4}, ValueError, "parameter_words must be from 8 to 1024, not 4"),
        ({"parameter_words": 10}, ValueError, "parameter_words must be a multiple of 4, not 10"),
        ({"job_words": 8}, ValueError, "job_words must be from 16 to 65536, not 8"),
        ({"job_words": 20}, ValueError, "job_words must be a multiple of 8, not 20"),
        ({"engine": EngineConfig(rows=4, cols=2)}, ValueError,
         SQUARE.format(4, 2)),
        ({"engine": EngineConfig(rows=6, cols=6)}, ValueError,
         SQUARE.format(6, 6)),
        ({"engine": EngineConfig(output=IntegerFormat.parse("int4"))}, ValueError,
         "output of a GEMM accelerator's engine must be int8, not int4"),
    ],
)  # fmt: skip
def test_illegal_parameters(parameters, error, message):
    with pytest.raises(error, match=f"^{message}$"):
        GemmAcceleratorConfig(**{"engine": ENGINE, **parameters})
