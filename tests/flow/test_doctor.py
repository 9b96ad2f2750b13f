import re
import sys
from importlib.metadata import requires

import pytest
from click.testing import CliRunner

from flow import doctor
from flow.cli import main
from flow.doctor import Need, Tool, UnusableError, compiler, examine, package, requirement
from flow.tools import TOOLS


def run():
    return CliRunner().invoke(main, ["doctor"])


def use_tools(monkeypatch, *tools):
    monkeypatch.setattr("flow.doctor_command.TOOLS", tools)


def fails():
    raise UnusableError("not installed")


GOOD = Tool("good", Need.REQUIRED, "for all", "get good", lambda: "1.2")
BAD = Tool("bad", Need.REQUIRED, "for much", "get bad", fails)
EXTRA = Tool("extra", Need.OPTIONAL, "for little", "get extra", fails)


def test_here_everything_required_works():
    result = run()
    assert result.exit_code == 0
    for name in ("python", "g++", "verilator", "pyosys", "cocotb", "icarus", "bitwuzla"):
        assert re.search(rf"^{re.escape(name)} ", result.stdout, re.MULTILINE)
    assert result.stdout.endswith("everything that is required works\n")


def test_an_optional_tool_may_be_missing(monkeypatch):
    use_tools(monkeypatch, GOOD, EXTRA)
    result = run()
    assert result.exit_code == 0
    assert "optional extra: not installed; get extra\n" in result.stdout
    assert "get good" not in result.stdout


def test_a_required_tool_may_not_be_missing(monkeypatch):
    use_tools(monkeypatch, GOOD, BAD, EXTRA)
    result = run()
    assert result.exit_code == 1
    assert "required bad: not installed; get bad\n" in result.stdout
    assert "everything that is required works" not in result.stdout


def test_the_table_has_every_dependency_of_the_project():
    """Each dependency is required, each of the extras for users is optional."""
    names = {tool.name: tool.need for tool in TOOLS}
    for line in requires("lastbit"):
        name = re.match(r"[\w-]+", line)[0]
        if "extra" not in line:
            assert names[name] is Need.REQUIRED, name
        elif not re.search(r"extra == .dev\b", line) and name != "lastbit":
            assert names[name] is Need.OPTIONAL, name


def test_the_remedy_has_the_versions_that_the_project_asks_for():
    (amaranth,) = (tool for tool in TOOLS if tool.name == "amaranth")
    assert amaranth.remedy == f"pip install '{requirement('amaranth')}'"
    assert "<0.6" in amaranth.remedy
    assert ">=0.5.8" in amaranth.remedy
    assert requirement("no-such-package") == "no-such-package"
    assert requirement("pytest") == "pytest>=8"


@pytest.mark.parametrize(
    ("installed", "problem"),
    [
        ("0.5.8", None),
        ("0.5.10", None),
        ("0.5.7", "0.5.7 is installed, not >=0.5.8"),
        ("0.6", "0.6 is installed, not <0.6"),
        ("0.6.1.dev3", "0.6.1.dev3 is installed, not <0.6"),
    ],
)
def test_versions_are_compared_as_numbers(monkeypatch, installed, problem):
    monkeypatch.setattr(doctor, "version", lambda name: installed)
    tool = Tool("amaranth", Need.REQUIRED, "", "", lambda: package("amaranth"))
    finding = examine(tool)
    assert (finding.problem, finding.is_usable) == (problem, problem is None)
    assert finding.version == (None if problem else installed)


def test_a_package_that_is_not_installed():
    with pytest.raises(UnusableError, match=r"^not installed$"):
        package("lastbit-no-such-package")


@pytest.fixture
def compiler_script(tmp_path, monkeypatch):
    """Make g++ a shell script."""

    def install(text):
        path = tmp_path / "g++"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")

    return install


def test_the_compiler_compiles():
    assert re.match(r"[0-9]+\.", compiler())


def test_no_compiler(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnusableError, match=r"^not installed$"):
        compiler()


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("echo cannot execute cc1plus >&2; exit 1", r"^does not run: cannot execute cc1plus$"),
        (
            '[ "$1" = --version ] && echo 9.1.0 || { echo no coroutines >&2; exit 1; }',
            r"^does not run: no coroutines$",
        ),
        ("echo 9.1.0", r"^it makes no program that runs$"),
        (
            '[ "$1" = --version ] || { echo "#!/bin/sh" > probe; chmod +x probe; }; echo 9.1.0',
            r"^it makes no program that runs$",
        ),
    ],
)
def test_a_compiler_that_is_there_but_does_not_work(compiler_script, script, problem):
    compiler_script(script)
    with pytest.raises(UnusableError, match=problem):
        compiler()


def test_a_python_without_shared_library(monkeypatch):
    monkeypatch.setattr(doctor, "_run", lambda *command: "\n")
    with pytest.raises(UnusableError, match=re.escape(f"{sys.executable} has no shared library")):
        doctor.shared_python()
