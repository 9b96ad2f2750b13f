
import numpy as np
import pytest

from golden.formats import INT4, INT8, INT16, UINT8, IntegerFormat
from golden.scheme import Scheme
from hw.requantizer import Requantizer
from sim.pipeline import run_pipeline_outputs
from sim.requantizer_rows import requantizer_rows

FLOAT32, FIXED, SHIFT = Scheme.FLOAT32, Scheme.FIXED, Scheme.SHIFT
EVERY = (FLOAT32, FIXED, SHIFT)
OUTPUTS = ("value", "under", "over", "tied")


def check(schemes, count, *, seed=1, built=None, **parameters):
    """Compare the requantizer with golden, a row a cycle."""
    rows = list(requantizer_rows(
        np.random.default_rng(seed), count, schemes=schemes, **parameters))
    unit = Requantizer(schemes=built or schemes, **parameters)
    words = [unit.plan.word.unpack(unit.plan.word.encode(row.parameters)) for row in rows]
    answers = run_pipeline_outputs(
        unit,
        {"acc": [row.acc for row in rows]}
        | {name: [word[name] for word in words] for name in unit.stages},
        outputs=OUTPUTS,
        latency=unit.latency,
        stages=unit.stages,
    )
    for row, answer in zip(rows, answers, strict=True):
        expected = (row.expected, row.under, row.over, row.tied)
        assert answer == expected, f"{row}, not {answer}; seed {seed}"


@pytest.mark.parametrize("schemes", [(FLOAT32,), (FIXED,), (SHIFT,), EVERY],
                         ids=lambda schemes: "+".join(scheme.name for scheme in schemes))
def test_equals_golden(schemes):
    check(schemes, 1500)


@pytest.mark.parametrize("scheme", EVERY)
def test_one_scheme_where_all_are_built(scheme):
    check([scheme], 500, built=EVERY, seed=2)


@pytest.mark.parametrize("bits", [2, 4, 12, 13, 16])
@pytest.mark.parametrize("schemes", [(SHIFT,), EVERY], ids=["SHIFT", "every"])
def test_other_outputs(schemes, bits):
    check(schemes, 300, out_format=IntegerFormat(bits, signed=True))


@pytest.mark.parametrize("acc_bits", [16, 20, 24, 31])
@pytest.mark.parametrize("schemes", [(SHIFT,), EVERY], ids=["SHIFT", "every"])
def test_narrower_accumulators(schemes, acc_bits):
    check(schemes, 300, acc_bits=acc_bits)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(3, 7))
@pytest.mark.parametrize("schemes", [(SHIFT,), EVERY], ids=["SHIFT", "every"])
def test_many_rows(schemes, seed):
    check(schemes, 20_000, seed=seed)


@pytest.mark.parametrize(
    ("schemes", "fields"),
    [
        ((FLOAT32,), {"bias", "multiplier", "shift", "zero_point", "low", "high"}),
        ((FIXED, SHIFT), {"bias", "multiplier", "shift", "tie", "zero_point", "low", "high"}),
        ((SHIFT,), {"bias", "shift", "tie", "zero_point", "low", "high"}),
        ((FLOAT32, SHIFT),
         {"bias", "multiplier", "shift", "scheme", "tie", "zero_point", "low", "high"}),
    ],
)
def test_only_ports_that_the_schemes_need(schemes, fields):
    unit = Requantizer(schemes=schemes)
    assert set(unit.stages) == fields
    assert set(unit.signature.members) == fields | {"acc", *OUTPUTS}


@pytest.mark.parametrize(
    ("schemes", "out_format", "latency"),
    [((FLOAT32,), INT8, 20), (EVERY, INT4, 20), (EVERY, INT16, 21), ((SHIFT,), INT8, 9),
     ((SHIFT,), INT16, 9)],
)
def test_latency(schemes, out_format, latency):
    assert Requantizer(schemes=schemes, out_format=out_format).latency == latency


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"schemes": []}, "schemes must be one or more of FLOAT32, FIXED, SHIFT, not none"),
        ({"schemes": [Scheme.Q31_DOUBLE, FIXED]},
         "schemes must be one or more of FLOAT32, FIXED, SHIFT, not FIXED, Q31_DOUBLE"),
        ({"schemes": EVERY, "out_format": UINT8},
         "out_format must be signed, from 2 to 16 bits, not uint8"),
        ({"schemes": EVERY, "acc_bits": 8}, "acc_bits must be from 16 to 32, not 8"),
    ],
)
def test_illegal_parameters(parameters, sentence):
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        Requantizer(**parameters)
