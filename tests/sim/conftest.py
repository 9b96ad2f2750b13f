from pathlib import Path

import pytest

from sim.runner import run
from sim.simulator import Simulator

HERE = Path(__file__).parent
BUILD_ROOT = Path("build/sim")


@pytest.fixture
def run_link(monkeypatch):
    """Runs coroutines of link_coroutines.py on link.v."""
    monkeypatch.syspath_prepend(str(HERE))

    def runs(*tests, verilog=None, simulator=Simulator.VERILATOR, **arguments):
        if (missing := simulator.missing()) is not None:
            pytest.skip(missing)
        return run(
            verilog or (HERE / "link.v").read_text(),
            "link",
            arguments.pop("module", "link_coroutines"),
            simulator=simulator,
            tests=tests,
            **{"seed": 1, "build_root": BUILD_ROOT, **arguments},
        )

    return runs
