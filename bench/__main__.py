"""Find and run the benchmarks: the modules of this package that have a function `run`."""

import argparse
import importlib
import os
import pkgutil
import sys
from collections.abc import Callable

import bench


def benchmarks() -> dict[str, Callable[[], None]]:
    """The `run` functions by module name."""
    names = [module.name for module in pkgutil.iter_modules(bench.__path__)]
    modules = {name: importlib.import_module(f"bench.{name}") for name in names if name[0] != "_"}
    return {name: module.run for name, module in modules.items() if hasattr(module, "run")}


def main(arguments: list[str]) -> int:
    """Run the named benchmarks, or all; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="benchmarks; all by default")
    parser.add_argument("--models", metavar="FOLDER", help="deployed models, for LASTBIT_MODELS")
    given = parser.parse_args(arguments)
    names = given.names
    if given.models:
        os.environ["LASTBIT_MODELS"] = given.models
    found = benchmarks()
    unknown = [name for name in names if name not in found]
    if unknown:
        print(f"benchmark must be one of {', '.join(found)}, not {unknown[0]!r}", file=sys.stderr)
        return 2
    for name in names or found:
        print(f"{name}: {sys.modules[f'bench.{name}'].__doc__}")
        found[name]()
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
