"""The import rules of CONTRIBUTING.md, read from the sources."""

import ast
import sys
from enum import EnumType
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = {"golden", "hw", "sim", "flow"}
FOREIGN = {
    "golden": {"numpy", "bitstring"},
    "hw": {"amaranth", "pyosys"},
    "sim": {"numpy", "bitstring", "amaranth", "cocotb", "cocotb_tools", "cocotbext",
            "find_libpython", "bitwuzla", "pyosys"},
    "flow": {"numpy", "bitstring", "click", "rich", "sklearn", "threadpoolctl", "find_libpython",
             "tflite", "onnx", "ai_edge_litert", "onnxruntime",
             "google"},  # google: protobuf, which onnx is made of
}  # fmt: skip
OWN = {
    "golden": set(),
    "hw": {"golden"},
    "sim": {"golden", "hw"},
    "flow": {"golden", "hw", "sim"},
}
EXTRAS = {ROOT / "flow" / "qat": {"torch", "onnx"}, ROOT / "flow" / "explore": {"distributed"}}
FILES = [path for package in sorted(PROJECT) for path in sorted((ROOT / package).rglob("*.py"))]


def imports(path):
    """Yield (module, name or None) of every import in a file, wherever it stands."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write the import of {node.module} in full"
            yield from ((node.module, alias.name) for alias in node.names)


def package_of(path):
    return path.relative_to(ROOT).parts[0]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_only_what_its_package_may(path):
    package = package_of(path)
    allowed = FOREIGN[package] | OWN[package] | {package} | sys.stdlib_module_names
    allowed |= EXTRAS.get(path.parent, set())
    found = {module.split(".")[0] for module, _ in imports(path)}
    assert found <= allowed, f"{path} imports {sorted(found - allowed)}"


@pytest.mark.parametrize(
    "path",
    [path for path in FILES if package_of(path) == "hw"],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_hardware_takes_only_formats_and_enumerations_from_golden(path):
    for module, name in imports(path):
        if module.split(".")[0] == "golden":
            thing = getattr(import_module(module), name)
            is_format = module == "golden.formats" and not callable(thing)
            is_format_class = module == "golden.formats" and isinstance(thing, type)
            assert is_format or is_format_class or isinstance(thing, EnumType), f"{module}.{name}"


def test_the_packages_are_those_of_pyproject():
    import tomllib

    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    found = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for package in PROJECT
        for path in (ROOT / package).rglob("__init__.py")
    }
    assert set(listed) == found | {"constraints"}  # files of boards, and no module
