"""The hash of the hardware: code is in it, words about code are not."""

import pytest

from flow.hardware_hash import hardware_hash, source_hash

CODE = '''"""Adds."""

def add(a):
    """Return more."""
    return a + 1  # one
'''


@pytest.fixture
def hashed(tmp_path):
    def of(text, name="adder.py"):
        path = tmp_path / name
        path.write_text(text)
        return source_hash([path])

    return of


@pytest.mark.parametrize(
    ("old", "new"),
    [("# one", "# more"), ("Return more.", "Return one more."), ("\n\ndef", "\n\n\ndef")],
)
def test_words_are_not_in_it(hashed, old, new):
    assert old in CODE
    assert hashed(CODE.replace(old, new)) == hashed(CODE)


@pytest.mark.parametrize(("old", "new"), [("+ 1", "+ 2"), ("+ 1", "- 1"), ("(a)", "(a, b)")])
def test_code_is(hashed, old, new):
    assert hashed(CODE.replace(old, new)) != hashed(CODE)


def test_names_of_files_are(hashed):
    assert hashed(CODE, "other.py") != hashed(CODE)


def test_the_order_of_files_is_not(tmp_path):
    paths = [tmp_path / name for name in ("a.py", "b.py")]
    for number, path in enumerate(paths):
        path.write_text(f"x = {number}")
    assert source_hash(paths) == source_hash(paths[::-1])


def test_the_hardware_has_one():
    assert hardware_hash() == hardware_hash()
    assert len(hardware_hash()) == 20
