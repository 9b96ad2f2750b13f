"""The example of docs/quantization.md runs."""

from pathlib import Path

import onnx
import pytest

pytest.importorskip("torch", reason="PyTorch is missing: pip install lastbit[torch]")

PAGE = Path(__file__).parents[2] / "docs" / "quantization.md"


def test_the_example_writes_a_file(tmp_path, monkeypatch):
    section = PAGE.read_text().split("## Quantization-aware training\n")[1]
    example = section.split("```python\n")[1].split("```")[0]
    monkeypatch.chdir(tmp_path)
    exec(compile(example, str(PAGE), "exec"), {})
    onnx.checker.check_model(tmp_path / "model.onnx", full_check=True)
