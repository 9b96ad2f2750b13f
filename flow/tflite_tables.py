"""The tables of a .tflite file as plain values.

The FlatBuffers runtime follows offsets without looking where they lead. So everything is read here,
in one place: an access that fails says that the file is broken, and whoever works with the values
has errors of his own only. What they mean is checked by others.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import tflite
from tflite import BuiltinOperator, BuiltinOptions

from flow.errors import UserError
from flow.unsupported import printable

__all__ = ["MAX_ITEMS", "FileGraph", "FileOperator", "FileTensor", "read_tables"]

IDENTIFIER = b"TFL3"
"""Bytes 4 to 7 of every .tflite file."""

SCHEMA_VERSION = 3

MAX_ITEMS = 1 << 22
"""Characters of names, numbers and tables that are read from a file, each at its cost. Tables may
be shared within a file: its size alone bounds neither time nor memory."""

NUMBER_COST, TABLE_COST = 4, 64
"""How many characters a number and a table are worth."""

ACCESS_ERRORS = (struct.error, IndexError, TypeError, ValueError, OverflowError)
"""What the runtime raises for an offset or a length that leads out of the file."""

CONVOLUTION = ("Padding", "StrideH", "StrideW", "DilationHFactor", "DilationWFactor")
ACTIVATION = "FusedActivationFunction"

OPTIONS: dict[int, tuple[type, tuple[str, ...]]] = {
    BuiltinOptions.AddOptions: (tflite.AddOptions, (ACTIVATION,)),
    BuiltinOptions.ConcatenationOptions: (tflite.ConcatenationOptions, ("Axis", ACTIVATION)),
    BuiltinOptions.Conv2DOptions: (tflite.Conv2DOptions, (*CONVOLUTION, ACTIVATION)),
    BuiltinOptions.DepthwiseConv2DOptions: (
        tflite.DepthwiseConv2DOptions,
        (*CONVOLUTION, "DepthMultiplier", ACTIVATION),
    ),
    BuiltinOptions.FullyConnectedOptions: (
        tflite.FullyConnectedOptions,
        ("WeightsFormat", "KeepNumDims", ACTIVATION),
    ),
    BuiltinOptions.Pool2DOptions: (
        tflite.Pool2DOptions,
        ("Padding", "StrideH", "StrideW", "FilterHeight", "FilterWidth", ACTIVATION),
    ),
    BuiltinOptions.ReducerOptions: (tflite.ReducerOptions, ("KeepDims",)),
    BuiltinOptions.SoftmaxOptions: (tflite.SoftmaxOptions, ("Beta",)),
}
"""The fields that are read of each table of options."""

OPERATOR_NAMES: dict[int, str] = {
    value: name for name, value in vars(BuiltinOperator).items() if isinstance(value, int)
}
OPTIONS_NAMES: dict[int, str] = {
    value: name for name, value in vars(BuiltinOptions).items() if isinstance(value, int)
}

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class FileTensor:
    """A tensor as the file has it: `data` are the bytes of a constant."""

    name: str
    shape: tuple[int, ...]
    type: int
    data: npt.NDArray[np.uint8] | None
    scales: npt.NDArray[np.float32]
    zero_points: npt.NDArray[np.int64]
    axis: int
    is_sparse: bool
    is_variable: bool
    has_custom_quantization: bool


@dataclass(frozen=True)
class FileOperator:
    """A node: its operator's name in the schema, indices of tensors, and its options by field."""

    operator: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options_table: str
    options: dict[str, Any]


@dataclass(frozen=True)
class FileGraph:
    """The first subgraph, which is the one that runs."""

    tensors: list[FileTensor]
    operators: list[FileOperator]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def read_tables(data: bytes) -> FileGraph:
    """Read the first subgraph of a .tflite file.

    Names are made unique: a tensor whose name an earlier one has gets `#` and its index behind it,
    and one without a name is called `tensor` and its index. Constants are views of `data`.

    Raises UserError if this is no .tflite file, is not whole or has more than `MAX_ITEMS`.
    """
    if data[4:8] != IDENTIFIER:
        raise UserError(f"not a .tflite file: bytes 4 to 7 must be {IDENTIFIER!r}")
    try:
        return _Tables(data).graph()
    except ACCESS_ERRORS as error:
        raise UserError(
            "not a whole .tflite file: an offset or a length in it leads out of the file"
        ) from error


class _Tables:
    """Reads tables, and counts what it read."""

    def __init__(self, data: bytes) -> None:
        self._model = tflite.Model.GetRootAs(data)
        self._left = MAX_ITEMS

    def graph(self) -> FileGraph:
        model = self._model
        if model.Version() != SCHEMA_VERSION:
            raise UserError(
                f"the version of a .tflite file must be {SCHEMA_VERSION}, not {model.Version()}"
            )
        if not model.SubgraphsLength():
            raise UserError("not a whole .tflite file: it has no subgraph")
        entries = self._each(model.SignatureDefsLength(), model.SignatureDefs)
        if any(entry.SubgraphIndex() for entry in entries):
            raise UserError("the file has several models: one signature, of subgraph 0, is read")
        graph = model.Subgraphs(0)
        codes = self._each(model.OperatorCodesLength(), model.OperatorCodes)
        names = [self._operator_name(code) for code in codes]
        taken: set[str] = set()
        tensors = self._each(graph.TensorsLength(), graph.Tensors)
        operators = self._each(graph.OperatorsLength(), graph.Operators)
        return FileGraph(
            [self._tensor(index, tensor, taken) for index, tensor in enumerate(tensors)],
            [self._operator(operator, names) for operator in operators],
            self._integers(graph.InputsAsNumpy()),
            self._integers(graph.OutputsAsNumpy()),
        )

    def _tensor(self, index: int, tensor: Any, taken: set[str]) -> FileTensor:
        quantization = tensor.Quantization() or tflite.QuantizationParameters()
        known = tensor.Quantization() is not None
        name = self._text(tensor.Name()) or f"tensor {index}"
        while name in taken:
            name += f"#{index}"
        taken.add(name)
        return FileTensor(
            name=name,
            shape=self._integers(tensor.ShapeAsNumpy()),
            type=tensor.Type(),
            data=self._data(tensor.Buffer()),
            scales=self._array(quantization.ScaleAsNumpy() if known else 0, np.float32),
            zero_points=self._array(quantization.ZeroPointAsNumpy() if known else 0, np.int64),
            axis=quantization.QuantizedDimension() if known else 0,
            is_sparse=tensor.Sparsity() is not None,
            is_variable=tensor.IsVariable(),
            has_custom_quantization=known and bool(quantization.DetailsType()),
        )

    def _data(self, index: int) -> npt.NDArray[np.uint8] | None:
        if index >= self._model.BuffersLength():
            raise IndexError(f"buffer {index}")
        buffer = self._model.Buffers(index)
        if buffer.Offset() > 1 or buffer.Size() > 1:
            raise UserError("constants must lie in the tables of the file, not behind them")
        return buffer.DataAsNumpy() if buffer.DataLength() else None

    def _operator_name(self, code: Any) -> str:
        # files older than the 32-bit field have only the other
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        if number == BuiltinOperator.CUSTOM:
            return f"custom operator {self._text(code.CustomCode())}"
        return OPERATOR_NAMES.get(number, f"operator {number}")

    def _operator(self, operator: Any, names: list[str]) -> FileOperator:
        kind = operator.BuiltinOptionsType()
        options: dict[str, Any] = {}
        table = operator.BuiltinOptions()
        if kind in OPTIONS and table is not None:
            options_class, fields = OPTIONS[kind]
            view = options_class()
            view.Init(table.Bytes, table.Pos)
            options = {field: getattr(view, field)() for field in fields}
        return FileOperator(
            operator=names[operator.OpcodeIndex()],
            inputs=self._integers(operator.InputsAsNumpy()),
            outputs=self._integers(operator.OutputsAsNumpy()),
            options_table=OPTIONS_NAMES.get(kind, f"table {kind}") if table is not None else "NONE",
            options=options,
        )

    def _each(self, count: int, get: Callable[[int], T]) -> list[T]:
        self._take(count * TABLE_COST)
        return [get(index) for index in range(count)]

    def _text(self, text: bytes | None) -> str:
        self._take(len(text or b""))
        return printable((text or b"").decode(errors="backslashreplace"))

    def _integers(self, vector: Any) -> tuple[int, ...]:
        return tuple(self._array(vector, np.int64).tolist())

    def _array(self, vector: Any, dtype: type[Any]) -> npt.NDArray[Any]:
        if not isinstance(vector, np.ndarray):  # the reader has 0 for what is absent
            return np.zeros(0, dtype)
        self._take(len(vector) * NUMBER_COST)
        return vector.astype(dtype)

    def _take(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise UserError("the model is too large: its tables and names are beyond what is read")
