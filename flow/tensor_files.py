"""Tensors in files that are named after them."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy.typing as npt

from flow.errors import UserError
from flow.files import write_array

__all__ = ["file_names", "write_tensors"]

LONGEST_NAME = 100
"""Characters of a tensor's name in that of its file."""


def file_names(names: Iterable[str], taken: Iterable[str] = ()) -> dict[str, str]:
    """Names of .npy files for tensors, all of them different; `taken` are others in the folder."""
    files: dict[str, str] = {}
    used = set(taken)
    for name in names:
        plain = file = re.sub(r"[^\w.-]", "_", name)[:LONGEST_NAME]
        while f"{file}.npy" in used:
            file = f"{plain}_{len(used)}"
        files[name] = f"{file}.npy"
        used.add(files[name])
    return files


def write_tensors(tensors: Mapping[str, npt.NDArray[Any]], out: Path) -> None:
    """Write each tensor to a folder, which is made. Raises UserError if that is not possible."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"--out {out} cannot be made: {error.strerror}; name a folder") from error
    for name, file in file_names(tensors).items():
        write_array(out / file, tensors[name])
