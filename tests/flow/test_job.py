import numpy as np
import pytest

from flow.errors import UserError
from flow.job import Level, run_job
from golden.requantize import Requantization
from golden.scheme import Scheme
from hw.config import EngineConfig
from sim.gemm_job import GemmJob
from sim.simulator import Simulator

CONFIG = EngineConfig(rows=4, cols=3, depth=16)


def job(scheme, m=37, k=9, n=5):
    rng = np.random.default_rng(m + k + n)
    activations, weights = (rng.integers(-128, 128, shape, np.int8) for shape in ((m, k), (k, n)))
    scale = np.exp2(rng.integers(-9, -5, n)).astype(np.float32)
    requantization = Requantization.from_scale(
        scheme, scale, rng.integers(-999, 999, n), zero_point=-3
    )
    return GemmJob(CONFIG, activations, weights, requantization)


@pytest.mark.parametrize("level", [Level.VERILATOR, Level.ICARUS])
@pytest.mark.parametrize("scheme", [Scheme.FLOAT32, Scheme.FIXED, Scheme.SHIFT])
def test_every_level_gives_the_same_outputs(level, scheme):
    if (missing := Simulator(level.value).missing()) is not None:
        pytest.skip(missing)
    product = job(scheme)
    golden, run = run_job(product, Level.GOLDEN), run_job(product, level)
    np.testing.assert_array_equal(run.outputs, golden.outputs)
    rows = sum(step.count for step in product.passes)
    assert run.busy.sum() == rows
    assert run.utilization == pytest.approx(37 * 9 * 5 / (run.cycles * 4 * 3))
    assert (golden.cycles, golden.busy) == (None, None)


def test_a_missing_simulator_is_told(monkeypatch):
    monkeypatch.setattr(Simulator, "missing", lambda self: f"{self.value} is missing")
    with pytest.raises(UserError, match="verilator is missing"):
        run_job(job(Scheme.FLOAT32), Level.VERILATOR)
