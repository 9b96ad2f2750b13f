import pytest

from golden import fingerprint
from golden.fingerprint import number_rules
from hw.identification import NUMBER_RULES


def test_hardware_states_the_rules_that_golden_has():
    assert number_rules() == NUMBER_RULES


@pytest.mark.parametrize("name", ["requantize", "wrap"])
def test_a_changed_rule_changes_it(monkeypatch, name):
    before = number_rules()
    rule = getattr(fingerprint, name)

    def off_by_one_once(*arguments):
        result = rule(*arguments).copy()
        result.flat[-1] ^= 1
        return result

    monkeypatch.setattr(fingerprint, name, off_by_one_once)
    assert number_rules() != before
