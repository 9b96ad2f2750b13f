"""Arrays in files: .npy, .hex memory images, .bin raw words and .csv tables."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from math import prod
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from flow.atomic import atomic_write, atomic_write_bytes
from flow.errors import UserError
from flow.text_files import csv_text, hex_text, parse_csv, parse_hex
from flow.word_format import WordFormat, WordKind

__all__ = ["ByteOrder", "FileKind", "read_array", "write_array"]

AnyArray = npt.NDArray[Any]


class FileKind(Enum):
    """What the end of a file's name says."""

    NPY = ".npy"
    """NumPy's own: type and shape are in the file."""
    HEX = ".hex"
    """One hexadecimal word a line, as `$readmemh` reads it."""
    BIN = ".bin"
    """Words of 8, 16, 32 or 64 bits, nothing else."""
    CSV = ".csv"
    """Decimal numbers, a row a line."""

    @classmethod
    def of(cls, path: Path) -> "FileKind":
        """Return the kind of a file; UserError if it is none of these."""
        for kind in cls:
            if path.suffix.lower() == kind.value:
                return kind
        names = ", ".join(kind.value for kind in cls)
        raise UserError(f"{path} must end in one of {names}; rename or convert it")

    @property
    def is_typed(self) -> bool:
        """Whether the file says itself what its words stand for."""
        return self in (FileKind.NPY, FileKind.CSV)


class ByteOrder(Enum):
    """Which byte of a word of a .bin file comes first."""

    LITTLE = "little"
    BIG = "big"

    @property
    def numpy(self) -> Literal["<", ">"]:
        """NumPy's sign for it."""
        return "<" if self is ByteOrder.LITTLE else ">"


def read_array(
    path: Path,
    fmt: WordFormat | None = None,
    shape: tuple[int, ...] | None = None,
    *,
    byte_order: ByteOrder = ByteOrder.LITTLE,
) -> AnyArray:
    """Read the numbers of a file, never empty.

    Parameters
    ----------
    path
        Its end says how to read it.
    fmt
        What the words stand for: needed for .hex and .bin; a .npy or .csv must hold such numbers.
    shape
        Of the result; by default that of the file, one dimension for .hex and .bin.
    byte_order
        Of a .bin.

    Raises
    ------
    UserError
        In a sentence that names the file, whatever is wrong with it.
    """
    kind = FileKind.of(path)
    if fmt is None and not kind.is_typed:
        raise UserError(f"{path} does not say what its words are; give --format, for example int8")
    data = _read_bytes(path)
    with _naming(path):
        match kind:
            case FileKind.NPY:
                values = _parse_npy(data)
            case FileKind.CSV:
                values = parse_csv(_text(data))
            case FileKind.HEX:
                assert fmt is not None
                values = fmt.from_words(parse_hex(_text(data), fmt.bits))
            case FileKind.BIN:
                assert fmt is not None
                values = _parse_bin(data, fmt, byte_order)
        if values.size == 0:
            raise UserError("no numbers in it; write it again")
        values = _typed(values, fmt, decimal=kind is FileKind.CSV)
    return values if shape is None else _shaped(path, values, shape)


def write_array(
    path: Path,
    values: AnyArray,
    fmt: WordFormat | None = None,
    *,
    byte_order: ByteOrder = ByteOrder.LITTLE,
) -> None:
    """Write an array so that `read_array` reads it back; the file appears whole or not at all.

    `fmt` is by default that of the type of `values`. Raises UserError if it does not hold them or
    the file cannot be written.
    """
    kind = FileKind.of(path)
    fmt = WordFormat.of(values.dtype) if fmt is None else fmt
    with _naming(path):
        values = _typed(values, fmt)
        word = _bin_type(fmt, byte_order) if kind is FileKind.BIN else fmt.dtype
    if kind is FileKind.HEX:
        with atomic_write(path) as text:
            text.write(hex_text(fmt.to_words(values), fmt.bits))
    elif kind is FileKind.CSV:
        with atomic_write(path) as text:
            text.write(csv_text(values, fmt))
    else:
        with atomic_write_bytes(path) as file:
            if kind is FileKind.NPY:
                np.save(file, values)
            else:
                file.write(values.astype(word).tobytes())


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Put the name of the file before what is wrong in it."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{path}: {error}") from error


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}; check its name") from error


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise UserError(f"byte {error.start} is no text; is it a .bin file?") from error


def _parse_npy(data: bytes) -> AnyArray:
    try:
        values = np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)
    except Exception as error:  # the header is a Python literal: a broken one fails in any way
        raise UserError("not a whole .npy array of numbers; write it with numpy.save") from error
    if values.dtype.kind not in "biuf" or values.dtype.itemsize > 8:
        raise UserError(
            f"the type is {values.dtype}; convert to integers or floats of up to 64 bits"
        )
    return values.astype(values.dtype.newbyteorder("="), copy=False)


def _parse_bin(data: bytes, fmt: WordFormat, byte_order: ByteOrder) -> AnyArray:
    word = _bin_type(fmt, byte_order)
    if len(data) % word.itemsize:
        raise UserError(
            f"{len(data)} bytes are no whole number of {fmt} words; it is cut short or not {fmt}"
        )
    return np.frombuffer(data, word).astype(fmt.dtype)


def _bin_type(fmt: WordFormat, byte_order: ByteOrder) -> np.dtype[Any]:
    if fmt.bits != 8 * fmt.dtype.itemsize:
        raise UserError(f"words of a .bin have 8, 16, 32 or 64 bits, not those of {fmt}; use .hex")
    return fmt.dtype.newbyteorder(byte_order.numpy)


def _typed(values: AnyArray, fmt: WordFormat | None, *, decimal: bool = False) -> AnyArray:
    """`values` in the type of `fmt`; only decimal floats may be rounded to it."""
    if fmt is None:
        return values
    if fmt.kind is WordKind.FLOAT:
        if decimal or values.dtype == fmt.dtype:
            with np.errstate(over="ignore"):
                return values.astype(fmt.dtype)
    elif values.dtype.kind in "biu":
        outside = fmt.first_outside(values)
        if outside is None:
            return values.astype(fmt.dtype)
        index = ", ".join(map(str, map(int, np.unravel_index(outside, values.shape))))
        raise UserError(f"{values.flat[outside]} at [{index}] is outside {fmt}; change the format")
    raise UserError(f"the type is {values.dtype}, not {fmt}; convert it or change --format")


def _shaped(path: Path, values: AnyArray, shape: tuple[int, ...]) -> AnyArray:
    wanted = prod(shape)
    if values.size != wanted:
        text = " x ".join(map(str, shape))
        length = "cut short" if values.size < wanted else "too long"
        raise UserError(
            f"{path} holds {values.size} numbers, but the shape {text} needs {wanted}; "
            f"it is {length} or --shape is wrong"
        )
    return values.reshape(shape)
