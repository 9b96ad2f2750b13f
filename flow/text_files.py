"""The text of memory images (`$readmemh`) and of comma-separated numbers."""

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np
import numpy.typing as npt

from flow.errors import UserError
from flow.word_format import WordFormat

__all__ = ["csv_text", "hex_text", "parse_csv", "parse_hex"]

COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)


def parse_hex(text: str, bits: int) -> list[int]:
    """Return the words of a `$readmemh` image: comments, `@address` and `_` as Verilog has them.

    Every word from address 0 on must be there once, without unknown bits, and fit `bits`.

    Raises UserError that says the line, to be put behind the name of the file.
    """
    words: list[int] = []
    for line, token in _tokens(text):
        if token.startswith("@"):
            _check_address(line, token, len(words))
            continue
        digits = token.replace("_", "")
        if not re.fullmatch(r"[0-9a-fA-F]+", digits):
            if re.fullmatch(r"(?!0[xX])[0-9a-fA-FxXzZ?]+", digits):
                raise UserError(f"line {line}: {token} has unknown bits; initialize that memory")
            raise UserError(f"line {line}: {token!r} is not a hexadecimal word")
        word = int(digits, 16)
        if word >> bits:
            raise UserError(
                f"line {line}: {token} has {word.bit_length()} bits and the format {bits}; "
                "give a wider --format"
            )
        words.append(word)
    return words


def _tokens(text: str) -> Iterator[tuple[int, str]]:
    plain = COMMENT.sub(lambda match: " " + "\n" * match[0].count("\n"), text)
    for number, line in enumerate(plain.split("\n"), 1):
        for token in line.split():
            yield number, token


def _check_address(line: int, token: str, count: int) -> None:
    digits = token[1:].replace("_", "")
    if not re.fullmatch(r"[0-9a-fA-F]+", digits):
        raise UserError(f"line {line}: {token!r} is not an address like @1f")
    address = int(digits, 16)
    if address > count:
        raise UserError(
            f"line {line}: {token} leaves the words from address {count:x} to {address - 1:x} out; "
            "write them too"
        )
    if address < count:
        raise UserError(f"line {line}: {token} was written before; keep one of the two")


def hex_text(words: Iterator[int], bits: int) -> str:
    """Return one word a line, padded with zeros to the digits that `bits` need."""
    digits = -(-bits // 4)
    return "".join(f"{word:0{digits}x}\n" for word in words)


def parse_csv(text: str) -> npt.NDArray[Any]:
    """Return the numbers of lines as a (lines, fields) array; one field a line gives one dimension.

    int64 (uint64 if needed) when all are whole numbers without a point or an exponent, else
    float64. Empty lines and lines that start with `#` do not count.

    Raises UserError that says the line, to be put behind the name of the file.
    """
    rows: list[list[int | float]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        row = [_number(number, field) for field in line.split(",")]
        if rows and len(row) != len(rows[0]):
            raise UserError(
                f"line {number}: {len(row)} fields after lines of {len(rows[0])}; "
                "it is cut short or not a table"
            )
        rows.append(row)
    if not rows:
        return np.zeros(0, np.int64)
    table = np.array(rows, _csv_type(rows))
    return table.ravel() if len(rows[0]) == 1 else table


def _number(line: int, field: str) -> int | float:
    text = field.strip()
    if re.fullmatch(r"[+-]?[0-9]+", text):
        value = int(text)
        if not -(1 << 63) <= value < 1 << 64:
            raise UserError(f"line {line}: {text} has more than 64 bits")
        return value
    if "_" not in text:  # which Python would read
        with suppress(ValueError):
            return float(text)
    name = repr(text) if text else "an empty field"
    raise UserError(f"line {line}: {name} is not a number; leave headings out")


def _csv_type(rows: list[list[int | float]]) -> type[np.generic]:
    fields = [field for row in rows for field in row]
    if any(isinstance(field, float) for field in fields):
        return np.float64
    if max(fields) < 1 << 63:
        return np.int64
    if min(fields) < 0:
        raise UserError("numbers below 0 and above 2**63 - 1 have no common type")
    return np.uint64


def csv_text(values: npt.NDArray[Any], fmt: WordFormat) -> str:
    """Return a line a row (the last axis); floats with the fewest digits that read back exactly."""
    rows = values.astype(fmt.dtype).reshape(-1, values.shape[-1] if values.ndim > 1 else 1)
    return "".join(",".join(map(str, row)) + "\n" for row in rows)
