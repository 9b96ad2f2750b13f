import pytest

from golden.formats import IntegerFormat
from hw.accelerator_config import AcceleratorConfig
from hw.config import EngineConfig

ENGINE = EngineConfig(rows=12, cols=6)


def test_defaults_are_legal():
    config = AcceleratorConfig()
    assert config.instructions == 256
    assert config.weight_row.size == 64
    assert config.passes == 1024


def test_words_follow_the_engine():
    config = AcceleratorConfig(EngineConfig(cols=3, accumulator_bits=24))
    assert config.weight_row.size == 24
    assert config.parameter_word.acc_bits == 24


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"engine": 8}, TypeError, "engine must be an EngineConfig, not 8"),
        ({"activation_bytes": 64.5}, TypeError, "activation_bytes must be an integer, not 64.5"),
        ({"weight_words": True}, TypeError, "weight_words must be an integer, not True"),
        ({"activation_bytes": 16}, ValueError,
         "activation_bytes must be from 32 to 16777216, not 16"),
        ({"activation_bytes": 40}, ValueError, "activation_bytes must be a multiple of 16, not 40"),
        ({"weight_words": 11}, ValueError, "weight_words must be from 12 to 1048576, not 11"),
        ({"parameter_words": 5}, ValueError, "parameter_words must be from 6 to 1048576, not 5"),
        ({"program_words": 16}, ValueError, "program_words must be from 32 to 262144, not 16"),
        ({"program_words": 40}, ValueError, "program_words must be a multiple of 16, not 40"),
        ({"engine": EngineConfig(output=IntegerFormat.parse("int4"))}, ValueError,
         "output of an accelerator's engine must be int8, not int4"),
    ],
)  # fmt: skip
def test_illegal_parameters(parameters, error, message):
    with pytest.raises(error, match=f"^{message}$"):
        AcceleratorConfig(**{"engine": ENGINE, **parameters})
