import pytest

from golden.kernels.registry import KernelSets


@pytest.mark.parametrize("name", KernelSets)
def test_a_kernel_set_is_found_by_its_own_name(name):
    assert KernelSets.parse(name.value) is name
    assert name.kernels.name == name.value


def test_another_name_is_refused_with_the_legal_ones():
    with pytest.raises(ValueError, match="litert_ref") as caught:
        KernelSets.parse("tflite")
    assert all(name.value in str(caught.value) for name in KernelSets)
