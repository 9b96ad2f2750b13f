"""`lastbit explain`: how two kernel sets differ on a deployed model."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from flow.errors import UserError, user_input

if TYPE_CHECKING:
    from rich.console import Console

    from flow.explain import Explanation

__all__ = ["command"]

IMAGES = 16
"""Batches that are drawn where no input is given."""


@click.command("explain")
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "--kernels",
    multiple=True,
    metavar="NAME",
    help="A kernel set; give two, the first is what the second is compared with.",
)
@click.option(
    "--input",
    "inputs",
    multiple=True,
    metavar="[NAME=]FILE",
    help="Numbers of an input, integers or float32; NAME= where there are several. "
    "Without it they are random.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of random inputs.")
def command(model: Path, kernels: tuple[str, ...], inputs: tuple[str, ...], seed: int) -> None:
    """Say where two kernel sets differ on a MODEL (.tflite, .onnx), by how much, and if it matters.

    Each layer is computed alone, both sets reading what the first one has computed before, and
    propagated, each set reading its own. The answer of an image is the largest element.

    Differences are what this command is for: exit status 0 done, 2 bad input.
    """
    from rich.console import Console

    from flow.explain import explain
    from flow.model_file import load_model
    from flow.model_inputs import draw_model_inputs, read_model_inputs
    from golden.kernels.registry import KernelSets

    if len(kernels) != 2:
        raise UserError(f"--kernels must name two kernel sets, not {len(kernels)}")
    with user_input("--kernels"):
        first, second = (KernelSets.parse(name).kernels for name in kernels)
    if seed < 0:
        raise UserError(f"--seed must be at least 0, not {seed}")
    loaded = load_model(model)
    if inputs:
        values = read_model_inputs(loaded, inputs, first)
    else:
        values = draw_model_inputs(loaded, seed, IMAGES)
    with user_input():
        explanation = explain(loaded, values, first, second)
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 120
    if not inputs:
        console.print(
            f"inputs: {IMAGES} random batches from seed {seed}, weighted to the extremes; "
            "--input FILE takes real ones",
            soft_wrap=True,
        )
    _show(explanation, console)


def _show(explanation: "Explanation", console: "Console") -> None:
    from rich import box
    from rich.table import Table

    from flow.explain import largest

    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("layer", overflow="ellipsis", no_wrap=True)
    table.add_column("operator")
    for heading in ("elements", "alone", "largest", "propagated", "largest"):
        table.add_column(heading, justify="right")
    for layer in explanation.layers:
        row = [f"{layer.alone.total:,}"]
        for compared in (layer.alone, layer.propagated):
            row += [f"{compared.count:,}", f"{largest(compared):.3g}"]
        table.add_row(_short(layer.tensor), type(layer.node.operator).__name__, *row)
    console.print(table)
    first, second = explanation.names
    for kind in ("alone", "propagated"):
        found = [getattr(layer, kind) for layer in explanation.layers]
        differ, total = sum(c.count for c in found), sum(c.total for c in found)
        console.print(
            f"{second} against {first}, {kind}: {differ:,} of {total:,} elements differ "
            f"({differ / max(total, 1):.3%})",
            soft_wrap=True,
        )
    for answer in explanation.answers:
        console.print(
            f"answer {_short(answer.tensor)}: another element is the largest in "
            f"{answer.changed:,} of {answer.images:,} images",
            soft_wrap=True,
            markup=False,
        )


def _short(name: str) -> str:
    """The first of the names that LiteRT's converter joins with semicolons, fit for a line."""
    from flow.unsupported import shown

    return shown(name.split(";")[0] or name)
