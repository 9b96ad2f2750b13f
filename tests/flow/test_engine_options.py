import click
import pytest
from click.testing import CliRunner

from flow.engine_options import SCHEMES, engine_config, engine_options, memory_options
from golden.scheme import Scheme
from hw.config import EngineConfig
from hw.multiplier_kind import MultiplierKind


@click.command()
@engine_options(cols=6, rows=None, lanes=None)
@memory_options(weight_words=None, program_words=64)
@click.argument("word")
def try_it(**given):
    click.echo(given)


def output(*arguments):
    result = CliRunner().invoke(try_it, arguments)
    assert result.exit_code == 0, result.output
    return result.output


def test_a_command_gets_each_table_as_one_argument():
    assert eval(output("x", "--rows", "3", "--weight-words", "9")) == {
        "word": "x",
        "engine": {"cols": 6, "rows": 3, "lanes": None},
        "memories": {"weight_words": 9, "program_words": 64},
    }


def test_the_help_has_them_in_order_and_every_default():
    text = " ".join(output("--help").split())
    names = ("--cols", "--rows", "--lanes", "--weight-words", "--program-words")
    assert sorted(names, key=text.index) == list(names)
    for default in ("6", "8", "one a column", "enough", "64"):
        assert f"[default: {default}]" in text


@pytest.mark.parametrize(
    ("options", "config"),
    [
        ({}, EngineConfig()),
        ({"rows": None, "group": None, "lanes": None}, EngineConfig()),
        ({"rows": 4, "cols": 2, "lanes": 1}, EngineConfig(rows=4, cols=2, lanes=1)),
        ({"schemes": SCHEMES}, EngineConfig()),
        (
            {"schemes": "shift, fixed"},
            EngineConfig(schemes=frozenset({Scheme.SHIFT, Scheme.FIXED})),
        ),
        ({"multiplier": "ecp5"}, EngineConfig(multiplier=MultiplierKind.ECP5)),
        ({"multiplier": "ecp5_lut"}, EngineConfig(multiplier=MultiplierKind.ECP5_LUT)),
        (
            {"multiplier": "ecp5", "dsp_rows": 4, "dsp_cols": None},
            EngineConfig(multiplier=MultiplierKind.ECP5, dsp_rows=4),
        ),
    ],
)
def test_the_engine_is_what_the_options_say(options, config):
    assert engine_config(options) == config
    assert engine_config(options, statistics=True).statistics
