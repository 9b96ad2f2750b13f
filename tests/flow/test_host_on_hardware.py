"""The host driver on simulated hardware, over a serial line and over AXI4-Stream."""

from pathlib import Path

import pytest

from hw.accelerator_axi import AcceleratorAxi
from hw.accelerator_uart import AcceleratorUart
from hw.emit import emit_verilog
from hw.uart_link import UartLink
from sim.accelerator_parameters import accelerator_config
from sim.runner import run
from sim.simulator import Simulator

CONFIG = {"rows": 2, "cols": 3, "depth": 8, "activation_bytes": 256, "weight_words": 16,
          "parameter_words": 8, "program_words": 64}  # fmt: skip
SERIAL = {"divisor": 4, "gap": 400}


def assert_passes(component, test, monkeypatch, *, seed=1, **parameters):
    if (missing := Simulator.VERILATOR.missing()) is not None:
        pytest.skip(missing)
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    result = run(
        emit_verilog(component, "dut"),
        "dut",
        "host_coroutines",
        seed=seed,
        parameters=parameters,
        tests=[test],
    )
    assert result.ok, f"seed {seed}: {result.failures}"


@pytest.mark.long
@pytest.mark.parametrize(("seed", "requests"), [(1, 3), (2, 100), (3, 100)])
def test_a_bad_line_loses_nothing(monkeypatch, seed, requests):
    parameters = {"seed": seed, "requests": requests, **SERIAL}
    assert_passes(UartLink(**SERIAL), "a_bad_line_loses_nothing", monkeypatch, **parameters)


@pytest.mark.long
def test_accelerator_over_a_serial_line(monkeypatch):
    top = AcceleratorUart(accelerator_config(**CONFIG), **SERIAL)
    assert_passes(top, "accelerator_over_a_serial_line", monkeypatch, config=CONFIG, **SERIAL)


@pytest.mark.long
def test_accelerator_over_axi(monkeypatch):
    top = AcceleratorAxi(accelerator_config(**CONFIG))
    assert_passes(top, "accelerator_over_axi", monkeypatch, config=CONFIG)
