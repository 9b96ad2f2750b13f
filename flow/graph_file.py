"""Int8 networks in files: an .npz with the arrays, and a description of the layers as JSON.

`network` is the description, UTF-8 in bytes; the other arrays are named after a layer and what they
are in it, as in `conv1/weights`.
"""

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from flow.atomic import atomic_write_bytes
from flow.errors import UserError
from flow.graph import Graph
from flow.layers import (
    AveragePool,
    Conv2d,
    DepthwiseConv2d,
    Flatten,
    FullyConnected,
    GlobalAveragePool,
    Layer,
    MaxPool,
    ResidualAdd,
    TensorType,
)
from golden.formats import INT8
from golden.kernel_window import KernelWindow
from golden.requantize import Requantization
from golden.rounding import Rounding
from golden.scaling import FixedScaling, Float32Scaling, ShiftScaling

__all__ = ["load_graph", "save_graph"]

_VERSION = 1
_HEADER = "network"
_KINDS: tuple[type[Any], ...] = (
    AveragePool,
    Conv2d,
    DepthwiseConv2d,
    Flatten,
    FullyConnected,
    GlobalAveragePool,
    MaxPool,
    ResidualAdd,
)
_SCALINGS: tuple[type[Any], ...] = (FixedScaling, Float32Scaling, ShiftScaling)

Arrays = dict[str, npt.NDArray[Any]]


def save_graph(path: Path, graph: Graph) -> None:
    """Write a network; the same network gives the same bytes.

    Raises
    ------
    UserError
        The file cannot be written, or its name does not end in .npz.
    """
    _check_name(path)
    arrays: Arrays = {}
    description = {
        "version": _VERSION,
        "inputs": {name: asdict(kind) for name, kind in graph.inputs.items()},
        "outputs": list(graph.outputs),
        "layers": [_describe(layer, arrays) for layer in graph.layers],
    }
    header = np.frombuffer(json.dumps(description).encode(), np.uint8)
    with atomic_write_bytes(path) as file:
        np.savez(file, allow_pickle=False, **{_HEADER: header}, **arrays)


def load_graph(path: Path) -> Graph:
    """Read a network that `save_graph` wrote, checked like one that is made anew.

    Raises
    ------
    UserError
        The file cannot be read or is no such network.
    """
    _check_name(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}; check its name") from error
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as saved:
            arrays = {name: saved[name] for name in saved.files}
        return _graph(arrays)
    except (ValueError, TypeError, KeyError, AttributeError, EOFError, zipfile.BadZipFile) as error:
        said = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise UserError(f"{path} is not a network that was saved whole: {said}") from error


def _check_name(path: Path) -> None:
    if path.suffix != ".npz":
        raise UserError(f"{path} must end in .npz, as networks do; rename it")


def _graph(arrays: Arrays) -> Graph:
    description = json.loads(arrays[_HEADER].tobytes())
    if description["version"] != _VERSION:
        raise ValueError(f"its version must be {_VERSION}, not {description['version']}")
    inputs = {
        name: TensorType(tuple(kind["shape"]), kind["zero_point"])
        for name, kind in description["inputs"].items()
    }
    layers = [_layer(saved, arrays) for saved in description["layers"]]
    return Graph(inputs, layers, description["outputs"])


def _describe(layer: Layer, arrays: Arrays) -> dict[str, Any]:
    """Return what stands in the description of a layer, and put its arrays to the others."""
    described: dict[str, Any] = {"kind": type(layer).__name__}
    for field in fields(layer):  # type: ignore[arg-type]
        value = getattr(layer, field.name)
        if isinstance(value, np.ndarray):
            arrays[f"{layer.name}/{field.name}"] = value
        elif isinstance(value, Requantization):
            described[field.name] = _describe_requantization(value, layer.name, arrays)
        elif isinstance(value, KernelWindow):
            described[field.name] = asdict(value)
        else:
            described[field.name] = value
    return described


def _layer(described: Mapping[str, Any], arrays: Arrays) -> Layer:
    values = dict(described)
    kind = _named(_KINDS, values.pop("kind"))
    name = values["name"]
    for field in fields(kind):
        match field.name:
            case "weights":
                values["weights"] = arrays[f"{name}/weights"]
            case "requantization":
                values["requantization"] = _requantization(values["requantization"], name, arrays)
            case "window":
                window = values["window"]
                values["window"] = KernelWindow(**{key: _tuples(window[key]) for key in window})
            case "inputs" | "multipliers":
                values[field.name] = tuple(values[field.name])
    layer: Layer = kind(**values)
    return layer


def _describe_requantization(r: Requantization, name: str, arrays: Arrays) -> dict[str, Any]:
    described = {
        "scaling": type(r.scaling).__name__,
        "zero_point": r.zero_point,
        "low": r.low,
        "high": r.high,
    }
    arrays[f"{name}/bias"] = r.bias
    for field in fields(r.scaling):
        value = getattr(r.scaling, field.name)
        if isinstance(value, Rounding):
            described[field.name] = value.name
        else:
            arrays[f"{name}/{field.name}"] = value
    return described


def _requantization(described: Mapping[str, Any], name: str, arrays: Arrays) -> Requantization:
    kind = _named(_SCALINGS, described["scaling"])
    scaling = kind(
        **{
            field.name: Rounding[described["tie"]]
            if field.name == "tie"
            else arrays[f"{name}/{field.name}"]
            for field in fields(kind)
        }
    )
    limits = {key: described[key] for key in ("zero_point", "low", "high")}
    return Requantization(scaling, arrays[f"{name}/bias"], **limits, out=INT8)


def _named(kinds: tuple[type[Any], ...], name: str) -> type[Any]:
    for kind in kinds:
        if kind.__name__ == name:
            return kind
    known = ", ".join(kind.__name__ for kind in kinds)
    raise ValueError(f"a kind must be one of {known}, not {name}")


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value
