import pytest

from sim.lanes import pack, unpack


@pytest.mark.parametrize("bits", [1, 2, 7, 8, 20, 33])
def test_lanes_come_back(bits):
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    values = [low, high, -1 if bits > 1 else 0, 0, low]
    assert unpack(pack(values, bits), len(values), bits) == values


def test_lane_0_is_lowest():
    assert pack([1, 2, -1], 8) == 0xFF0201


def test_unsigned_lanes():
    assert unpack(0xFF01, 2, 8, signed=False) == [1, 255]
