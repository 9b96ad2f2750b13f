"""Deployed models in files: .tflite and .onnx."""

from pathlib import Path

from flow.errors import UserError
from golden.model import Model

__all__ = ["MAX_BYTES", "SUFFIXES", "load_model"]

SUFFIXES = (".tflite", ".onnx")
"""What the name of a deployed model ends in."""

MAX_BYTES = 256 << 20
"""The largest file that is read; all of it is in memory at once."""


def load_model(path: Path) -> Model:
    """Read a deployed model; what its name ends in says the format.

    Raises UserError, naming the file, if it cannot be read, is no model or has what cannot be
    imported; the last lists every such node.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise UserError(f"{path} must end in one of {', '.join(SUFFIXES)}; rename or convert it")
    data = _read(path)
    try:
        if suffix == ".tflite":
            from flow.tflite_reader import read_tflite

            return read_tflite(data)
        from flow.onnx_reader import read_onnx

        return read_onnx(data)
    except UserError as error:
        raise UserError(f"{path}: {error}") from error


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise UserError(f"{path} must have at most {MAX_BYTES >> 20} MiB to be read as a model")
    return data
