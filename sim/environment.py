"""What a testbench's coroutines learn from outside: their parameters and their randomness.

The runner writes it to a file, whose path is in an environment variable of the simulator.
"""

import json
import os
import zlib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["VARIABLE", "generator", "inputs", "parameters", "seed", "write"]

VARIABLE = "LASTBIT_TESTBENCH"


def write(path: Path, *, seed: int, parameters: Mapping[str, Any], inputs: Sequence[str]) -> None:
    """Write the file that the coroutines read."""
    content = {"seed": seed, "parameters": dict(parameters), "inputs": list(inputs)}
    path.write_text(json.dumps(content), encoding="utf-8")


def parameters() -> dict[str, Any]:
    """Return the parameters of this run, as given to ``sim.runner.run``."""
    return dict(_content()["parameters"])


def inputs() -> list[str]:
    """Return the names of the input ports of the simulated module."""
    return list(_content()["inputs"])


def seed() -> int:
    """Return the seed of this run (``cocotb.RANDOM_SEED`` is another one for each test)."""
    return int(_content()["seed"])


def generator(*key: object) -> np.random.Generator:
    """Return the random generator that belongs to ``key`` and the seed of this run.

    A test that is run alone draws what it draws among others, as long as its key is its own.
    """
    return np.random.default_rng([seed(), zlib.crc32(repr(key).encode())])


@cache
def _content() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(Path(os.environ[VARIABLE]).read_text(encoding="utf-8"))
    return loaded
