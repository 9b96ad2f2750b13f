import subprocess
import sys
import time
from importlib.metadata import version
from types import SimpleNamespace

import click
import pytest
from click.testing import CliRunner

from flow import cli
from flow.cli import main
from flow.errors import UserError, user_input

START = [sys.executable, "-c", "from flow.cli import main; main(prog_name='lastbit')"]


def run(*arguments):
    return CliRunner().invoke(main, arguments)


@pytest.fixture
def command(monkeypatch):
    """Make `lastbit try` run a function."""

    def install(function):
        module = SimpleNamespace(command=click.command("try")(function))
        monkeypatch.setitem(cli.COMMANDS, "try", ("tried", "a trial"))
        monkeypatch.setitem(sys.modules, "tried", module)

    return install


def test_help_names_every_command():
    result = run("--help")
    assert result.exit_code == 0
    for name, (_, text) in cli.COMMANDS.items():
        assert name in result.stdout
        assert text in result.stdout
    assert run("-h").stdout == result.stdout


def test_version():
    assert run("--version").stdout == f"lastbit {version('lastbit')}\n"


def test_every_command_has_help_and_its_name():
    for name in cli.COMMANDS:
        result = run(name, "--help")
        assert result.exit_code == 0, result.stderr
        assert f" {name} " in result.stdout.splitlines()[0]


def test_the_help_is_quick_and_imports_nothing_heavy():
    heavy = "numpy sklearn amaranth cocotb pyosys rich"
    code = (
        "import sys\nfrom flow.cli import main\n"
        "main(['--help'], standalone_mode=False)\n"
        f"print(sorted(set(sys.modules) & set('{heavy}'.split())))"
    )
    times = []
    for _ in range(3):
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        times.append(time.perf_counter() - start)
    assert done.stdout.splitlines()[-1] == "[]"
    assert min(times) < 1.0  # about 0.1 s on a machine at rest


def test_an_unknown_command_is_a_usage_error_with_the_names():
    result = run("comapre")
    assert result.exit_code == 2
    assert "'comapre' is not a command; the commands are asic, boards, build, " in result.stderr


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (UserError("rows must be from 1 to 64, not 65"), "rows must be from 1 to 64, not 65"),
        (FileNotFoundError(2, "No such file", "a.npy"), "a.npy: No such file"),
    ],
)
def test_expected_errors_are_one_sentence_and_status_2(command, error, sentence):
    def fail():
        raise error

    command(fail)
    result = run("try")
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"lastbit: {sentence}\n")


@pytest.mark.parametrize("error", [ValueError("a bug"), OSError("no name")])
def test_other_errors_stay_visible(command, error):
    def fail():
        raise error

    command(fail)
    assert run("try").exception is error


def test_a_command_that_cannot_be_imported_breaks_no_other(monkeypatch):
    monkeypatch.setitem(cli.COMMANDS, "broken", ("flow.no_such_module", "is broken"))
    result = run("broken")
    assert result.exit_code == 2
    assert result.stderr.startswith(
        "lastbit: `lastbit broken` cannot start: No module named 'flow.no_such_module'; "
    )
    assert run("compare", "--help").exit_code == 0
    assert run("--help").exit_code == 0


def test_no_command_prints_the_help():
    result = run()
    assert result.exit_code == 2
    assert "Usage:" in result.stderr


def test_status_of_a_real_process():
    done = subprocess.run([*START, "nothing"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("kind", [TypeError, ValueError])
def test_user_input_makes_sentences_of_checks(kind):
    with pytest.raises(UserError, match=r"^rows must be 1$"), user_input():
        raise kind("rows must be 1")
    with pytest.raises(UserError, match=r"^--rows: rows must be 1$"), user_input("--rows"):
        raise kind("rows must be 1")
    with pytest.raises(KeyError), user_input():
        raise KeyError("other")
