import pytest

from flow.errors import UserError
from flow.model_file import load_model


def test_the_file_is_named(tmp_path):
    path = tmp_path / "a.tflite"
    path.write_bytes(b"nothing")
    with pytest.raises(UserError, match=r"^.*a\.tflite: not a \.tflite file"):
        load_model(path)
    with pytest.raises(UserError, match=r"missing\.tflite cannot be read: No such file"):
        load_model(tmp_path / "missing.tflite")
    with pytest.raises(UserError, match=r"a\.h5 must end in one of \.tflite, \.onnx"):
        load_model(tmp_path / "a.h5")


def test_a_file_beyond_the_limit_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("flow.model_file.MAX_BYTES", 1 << 20)
    path = tmp_path / "a.tflite"
    path.write_bytes(bytes((1 << 20) + 1))
    with pytest.raises(UserError, match="must have at most 1 MiB"):
        load_model(path)
