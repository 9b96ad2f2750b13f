"""A short name for the hardware as it is: what it is generated, synthesized and placed by."""

import ast
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from sim.build_cache import content_hash

__all__ = ["hardware_hash", "source_hash"]

_ROOT = Path(__file__).parents[1]
_FLOW = (
    "build",
    "floorplan",
    "memory_registers",
    "parts",
    "place_and_route",
    "placement",
    "synthesis",
)


@cache
def hardware_hash() -> str:
    """Return the hash of all sources that decide what a design becomes on a part."""
    hardware = (_ROOT / "hw").rglob("*.py")
    return source_hash([*hardware, *(_ROOT / "flow" / f"{name}.py" for name in _FLOW)])


def source_hash(paths: Iterable[Path]) -> str:
    """Return the hash of Python files: their names and code, without comments and docstrings."""
    files = sorted((path.name, path.read_text(encoding="utf-8")) for path in paths)
    return content_hash(*(f"{name} {_code(ast.parse(text))}" for name, text in files))


def _code(value: Any) -> str:
    """Return a syntax tree as text; fields that are empty are left out, so Pythons agree."""
    if isinstance(value, list):
        return f"[{' '.join(_code(each) for each in value if not _is_docstring(each))}]"
    if not isinstance(value, ast.AST):
        return repr(value)
    kept = ((name, each) for name, each in ast.iter_fields(value) if each not in (None, []))
    return f"{type(value).__name__}({' '.join(f'{name}={_code(each)}' for name, each in kept)})"


def _is_docstring(node: Any) -> bool:
    """Whether it is a string that stands as a statement."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
