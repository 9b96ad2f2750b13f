import pytest

from flow.atomic import atomic_write, atomic_write_bytes
from flow.errors import UserError


def test_text_and_bytes_are_written(tmp_path):
    with atomic_write(tmp_path / "a.txt") as file:
        file.write("µ\n")
    with atomic_write_bytes(tmp_path / "a.bin") as file:
        file.write(b"\x00\xff")
    assert (tmp_path / "a.txt").read_bytes() == "µ\n".encode()
    assert (tmp_path / "a.bin").read_bytes() == b"\x00\xff"
    assert len(list(tmp_path.iterdir())) == 2


def test_nothing_is_visible_before_the_end(tmp_path):
    path = tmp_path / "a.txt"
    with atomic_write(path) as file:
        file.write("half")
        file.flush()
        assert not path.exists()
    assert path.exists()


def test_failure_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), atomic_write(path) as file:
        file.write(str(1 / 0))
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


def test_missing_folder_is_one_sentence(tmp_path):
    path = tmp_path / "no" / "a.txt"
    sentence = f"^{path} cannot be written: make the folder {path.parent} first$"
    with pytest.raises(UserError, match=sentence), atomic_write(path):
        pass


def test_a_folder_in_the_way_is_one_sentence(tmp_path):
    (tmp_path / "a").mkdir()
    sentence = "a cannot be written: Is a directory; give another place$"
    with pytest.raises(UserError, match=sentence), atomic_write(tmp_path / "a") as file:
        file.write("x")
    assert [entry.name for entry in tmp_path.iterdir()] == ["a"]
