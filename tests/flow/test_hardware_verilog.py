from dataclasses import replace

import pytest

from flow import hardware_verilog
from flow.hardware_verilog import TOP, accelerator_verilog
from golden.scheme import Scheme
from hw.accelerator_config import AcceleratorConfig
from hw.config import EngineConfig

CONFIG = AcceleratorConfig(EngineConfig(rows=2, cols=2, depth=8), 256, 32, 16, 64)


@pytest.fixture
def emitted(monkeypatch):
    """Components that are emitted, as short texts; nothing is remembered from other tests."""
    made = []

    def emit(component, name):
        made.append(component.config)
        return f"module {name}; // {len(made)}"

    monkeypatch.setattr(hardware_verilog, "emit_verilog", emit)
    forget()
    yield made
    forget()


def forget():
    accelerator_verilog.cache_clear()
    hardware_verilog.tools_and_sources.cache_clear()


def test_a_configuration_is_emitted_once(tmp_path, emitted):
    first = accelerator_verilog(CONFIG, tmp_path)
    accelerator_verilog.cache_clear()
    assert accelerator_verilog(CONFIG, tmp_path) == first == f"module {TOP}; // 1"
    assert emitted == [CONFIG]


@pytest.mark.parametrize(
    "other",
    [
        replace(CONFIG, activation_bytes=512),
        replace(CONFIG, engine=replace(CONFIG.engine, depth=16)),
        replace(CONFIG, engine=replace(CONFIG.engine, schemes=frozenset({Scheme.SHIFT}))),
    ],
)
def test_another_configuration_is_another_file(tmp_path, emitted, other):
    assert accelerator_verilog(CONFIG, tmp_path) != accelerator_verilog(other, tmp_path)


def test_other_sources_are_another_file(tmp_path, emitted, monkeypatch):
    before = accelerator_verilog(CONFIG, tmp_path)
    forget()
    monkeypatch.setattr(hardware_verilog, "version", lambda tool: "another")
    assert accelerator_verilog(CONFIG, tmp_path) != before
