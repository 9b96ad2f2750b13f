import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from time import sleep

import pytest

from sim.build_cache import build_once, content_hash


@pytest.mark.parametrize(
    ("one", "other"), [(("a",), ("b",)), (("ab", "c"), ("a", "bc")), (("a",), ("a", ""))]
)
def test_different_parts_have_different_hashes(one, other):
    assert content_hash(*one) == content_hash(*one)
    assert content_hash(*one) != content_hash(*other)


def test_those_who_come_at_once_wait_for_one_build(tmp_path):
    built = []

    def build(folder):
        sleep(0.05)
        built.append(folder)
        (folder / "program").write_text("done")

    with ThreadPoolExecutor(8) as pool:
        folders = list(pool.map(lambda _: build_once(tmp_path / "key", build), range(8)))
    assert len(built) == 1
    assert {(folder / "program").read_text() for folder in folders} == {"done"}


def test_a_failed_build_leaves_nothing_and_can_be_repeated(tmp_path):
    def fail(folder):
        (folder / "half").write_text("")
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        build_once(tmp_path / "key", fail)
    assert [path.name for path in tmp_path.iterdir()] == ["key.lock"]
    assert build_once(tmp_path / "key", lambda folder: None).is_dir()


def test_what_a_killed_build_left_is_taken_away(tmp_path):
    killed = (
        "import os, sys; from pathlib import Path; from sim.build_cache import build_once;"
        "build_once(Path(sys.argv[1]), lambda folder: (folder / 'half').mkdir() or os._exit(9))"
    )
    subprocess.run([sys.executable, "-c", killed, tmp_path / "key"], check=False)
    assert len(list(tmp_path.rglob("half"))) == 1
    assert not (tmp_path / "key").exists()
    assert not list(build_once(tmp_path / "key", lambda folder: None).iterdir())
    assert {path.name for path in tmp_path.iterdir()} == {"key", "key.lock"}
