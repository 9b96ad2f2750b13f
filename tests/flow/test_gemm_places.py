import pytest

from flow.gemm_places import places


@pytest.mark.parametrize(
    ("sizes", "capacity", "expected"),
    [
        ([], 4, []),
        ([4], 4, [0]),
        ([1, 2, 1], 4, [0, 1, 3]),
        ([1, 2, 2], 4, [0, 2, 2]),
        ([3, 2, 3], 4, [1, 1, 1]),
        ([2, 1, 1, 4], 8, [0, 2, 3, 4]),
        ([2, 3, 1, 4], 8, [0, 4, 2, 4]),
    ],
)
def test_constants_have_own_places_or_share_one(sizes, capacity, expected):
    assert places(sizes, capacity) == expected
    assert all(at + size <= capacity for at, size in zip(expected, sizes, strict=True))
