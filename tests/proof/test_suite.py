import pytest

pytest.importorskip("bitwuzla", reason="pip install 'lastbit[proof]' for bitwuzla")

from sim.proof.suite import proofs


@pytest.mark.parametrize(
    "proof",
    [
        pytest.param(proof, id=proof.name, marks=[pytest.mark.long] * proof.is_long)
        for proof in proofs()
    ],
)
def test_proof(proof, record_property):
    record_property("seconds", proof.run())


def test_names_are_unique():
    names = [proof.name for proof in proofs()]
    assert len(names) == len(set(names))
