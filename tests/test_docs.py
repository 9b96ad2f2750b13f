"""Every example in the docs, and in the docstrings, does what it says."""

import doctest
import re
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
MODULES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for package in ("golden", "sim", "flow")
    for path in sorted((ROOT / package).rglob("*.py"))
    if ">>> " in path.read_text()
]


def name(path):
    return str(path.relative_to(ROOT))


def console_sessions(page):
    """Yield the (command, expected output) pairs of each ```console block of a page."""
    for block in page.read_text().split("```console\n")[1:]:
        text = block.split("```")[0]
        yield [
            (command, output)
            for command, _, output in (
                step.partition("\n") for step in ("\n" + text).split("\n$ ")[1:]
            )
        ]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_python_examples_of_a_page(page):
    assert doctest.testfile(str(page), module_relative=False).failed == 0


@pytest.mark.parametrize("module", MODULES)
def test_examples_of_a_module(module):
    result = doctest.testmod(import_module(module))
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize("page", [page for page in PAGES if "```console" in page.read_text()],
                         ids=name)  # fmt: skip
def test_console_sessions_of_a_page(page, tmp_path):
    for number, session in enumerate(console_sessions(page)):
        folder = tmp_path / str(number)
        folder.mkdir()
        for command, expected in session:
            words = shlex.split(command)
            if words[0] in ("lastbit", "python"):
                words[0] = str(Path(sys.executable).with_name(words[0]))
            done = subprocess.run(
                words, cwd=folder, capture_output=True, text=True, check=False,
                env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "COLUMNS": "100"},
            )  # fmt: skip
            assert (done.stdout + done.stderr).rstrip() == expected.rstrip(), command


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), f"{name(page)} links to {target}"
