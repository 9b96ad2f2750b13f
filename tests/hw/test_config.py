import pytest

from golden.formats import UINT8, IntegerFormat
from golden.scheme import Scheme
from hw.config import EngineConfig
from hw.multiplier_kind import MultiplierKind


@pytest.mark.parametrize(
    ("rows", "group"),
    [(1, 1), (2, 2), (3, 1), (4, 4), (6, 2), (8, 4), (64, 4)],
)
def test_group_is_the_largest_that_divides_the_rows(rows, group):
    assert EngineConfig(rows=rows).group == group


@pytest.mark.parametrize(
    ("lanes", "columns", "banks"), [(None, 1, 1), (6, 1, 1), (3, 2, 2), (2, 3, 2), (1, 6, 2)]
)
def test_shared_lanes_serve_as_many_columns_each_and_need_a_second_bank(lanes, columns, banks):
    config = EngineConfig(cols=6, lanes=lanes)
    assert (config.lane_columns, config.banks) == (columns, banks)


@pytest.mark.parametrize(
    ("multiplier", "other"),
    [
        (MultiplierKind.ECP5, MultiplierKind.ECP5_LUT),
        (MultiplierKind.PORTABLE, MultiplierKind.LUT),
        (MultiplierKind.ICE40, MultiplierKind.LUT),
    ],
)
def test_the_first_rows_and_columns_multiply_with_dsp_blocks(multiplier, other):
    config = EngineConfig(rows=12, cols=4, multiplier=multiplier, dsp_rows=8, dsp_cols=3)
    kinds = [[config.kind_of(group, col) for col in range(4)] for group in range(3)]
    assert kinds == [[multiplier] * 3 + [other]] * 2 + [[other] * 4]


@pytest.mark.parametrize(
    ("products", "largest"),
    [(1, 1 << 14), (2, 1 << 15), (3, 3 << 14), (4, 1 << 16), (63, 63 << 14), (64, 1 << 20)],
)
def test_sum_shape_is_exact(products, largest):
    width = EngineConfig().sum_shape(products).width
    assert largest <= (1 << (width - 1)) - 1
    assert largest > (1 << (width - 2)) - 1


@pytest.mark.parametrize(
    ("parameters", "error", "sentence"),
    [
        ({"rows": 0}, ValueError, "rows must be from 1 to 64, not 0"),
        ({"rows": 65}, ValueError, "rows must be from 1 to 64, not 65"),
        ({"rows": 8.0}, TypeError, r"rows must be an integer, not 8\.0"),
        ({"rows": True}, TypeError, "rows must be an integer, not True"),
        ({"cols": 0}, ValueError, "columns must be from 1 to 64, not 0"),
        ({"cols": 65}, ValueError, "columns must be from 1 to 64, not 65"),
        ({"depth": 1}, ValueError, "depth must be from 2 to 4096, not 1"),
        ({"depth": 4097}, ValueError, "depth must be from 2 to 4096, not 4097"),
        ({"lanes": 2.0}, TypeError, r"lanes must be an integer, not 2\.0"),
        (
            {"cols": 6, "lanes": 4},
            ValueError,
            "lanes must divide the 6 columns, which 4 does not: take one of 1, 2, 3, 6",
        ),
        (
            {"lanes": 0},
            ValueError,
            "lanes must divide the 8 columns, which 0 does not: take one of 1, 2, 4, 8",
        ),
        ({"group": 3}, ValueError, "rows must be grouped by 1, 2 or 4, not 3"),
        ({"multiplier": "ecp5"}, TypeError, "multiplier must be a MultiplierKind, not 'ecp5'"),
        (
            {"multiplier": MultiplierKind.ICE40, "activation": IntegerFormat(9, signed=True)},
            ValueError,
            "activation must have at most 8 bits for multipliers of the kind ice40, not 9",
        ),
        ({"dsp_rows": 12}, ValueError, "dsp_rows must be from 0 to 8, not 12"),
        ({"dsp_cols": 9}, ValueError, "dsp_cols must be from 0 to 8, not 9"),
        ({"dsp_cols": 1.0}, TypeError, r"dsp_cols must be an integer, not 1\.0"),
        ({"dsp_rows": 2}, ValueError, "dsp_rows must be a multiple of the group of 4, not 2"),
        (
            {"rows": 6, "group": 4},
            ValueError,
            "rows must be a multiple of the group of 4, not 6: take a smaller group or 8 rows",
        ),
        (
            {"schemes": frozenset()},
            ValueError,
            "schemes must be one or more of fixed, float32, shift, not none",
        ),
        (
            {"schemes": frozenset({Scheme.Q31_DOUBLE})},
            ValueError,
            "schemes must be one or more of fixed, float32, shift, not q31_double",
        ),
        (
            {"accumulator_bits": 33},
            ValueError,
            "acc_bits must be from 16 to 32, not 33",
        ),
        (
            {"activation": UINT8},
            ValueError,
            (
                "activation must be a signed format of 2 bits or more, not uint8: "
                "subtract half the range from unsigned values and their zero point"
            ),
        ),
        (
            {"rows": 64, "accumulator_bits": 20},
            ValueError,
            "accumulators of 20 bits must hold the sum of 64 products, 22 bits: take fewer rows",
        ),
    ],
)
def test_bad_parameters_are_told_in_a_sentence(parameters, error, sentence):
    with pytest.raises(error, match=f"^{sentence}$"):
        EngineConfig(**parameters)
