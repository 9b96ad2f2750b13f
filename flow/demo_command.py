"""`lastbit demo`: a real network on the accelerator."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flow.engine_options import engine_config, engine_options
from flow.errors import user_input

if TYPE_CHECKING:
    from flow.demo import DemoOptions
    from flow.demo_result import DemoResult

__all__ = ["command"]


@click.command("demo")
@engine_options(rows=8, cols=8)
@click.option(
    "--on",
    "level",
    type=click.Choice(["golden", "verilator", "icarus"]),
    default="verilator",
    show_default=True,
    help="Where the network runs.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("build/demo"),
    show_default=True,
    help="Folder to write to.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the training.")
@click.pass_context
def command(ctx: click.Context, engine: dict[str, Any], level: str, out: Path, seed: int) -> None:
    """Run a network on the generated accelerator and compare every element with golden.

    Trains a small convolutional network on scanned digits, quantizes and compiles it, generates the
    Verilog, and runs all held-out images through it. Exit status 1 if an element differs.
    """
    from flow.demo import DemoOptions, make_folder, require_simulator, write_demo
    from flow.job import Level

    with user_input():
        config = replace(DemoOptions().config, engine=engine_config(engine))
        options = DemoOptions(config=config, level=Level(level), seed=seed)
    require_simulator(options.level)
    make_folder(out)
    result = _run(options)
    files = write_demo(result, out)
    _show(result)
    click.echo(f"{len(files)} files in {out}; look at {files[-1]}")
    if not result.equal:
        ctx.exit(1)


def _run(options: "DemoOptions") -> "DemoResult":
    """Run the demo under progress bars."""
    from rich.progress import Progress

    from flow.demo import STAGES, Stage, run_demo

    with Progress() as progress:
        tasks = {stage: progress.add_task(stage.name, total=stage.steps) for stage in STAGES}

        def on_step(stage: Stage) -> None:
            progress.advance(tasks[stage])

        return run_demo(options, on_step)


def _show(result: "DemoResult") -> None:
    from rich.console import Console
    from rich.table import Table

    layers = Table("layer", title="Every layer against golden", title_justify="left")
    for heading in ("output", "elements", "differences", "rows", "utilization"):
        layers.add_column(heading, justify="right")
    for layer in result.layers:
        layers.add_row(
            layer.name,
            " × ".join(map(str, layer.shape)),
            f"{layer.comparison.total:,}",
            f"{layer.comparison.count:,}",
            f"{layer.rows:,}",
            f"{layer.utilization:.1%}",
        )
    total = (f"{result.elements:,}", f"{result.differences:,}", f"{result.rows:,}")
    layers.add_section()
    layers.add_row("together", "", *total, f"{result.utilization:.1%}")

    accuracies = Table("network", "computed by", title="Held-out images", title_justify="left")
    for heading in ("right", "accuracy"):
        accuracies.add_column(heading, justify="right")
    for accuracy in result.accuracies:
        accuracies.add_row(
            accuracy.network,
            accuracy.computed_by,
            f"{accuracy.right} of {accuracy.total}",
            f"{accuracy.fraction:.1%}",
        )
    console = Console()
    console.print(layers, accuracies, sep="\n")
    for layer in result.layers:
        if not layer.comparison.equal:
            console.print(f"{layer.name}: {layer.comparison}", markup=False)
    if result.counters != result.expected_counters:
        console.print(f"counted {result.counters}, golden counted {result.expected_counters}")
    console.print(result.verdict)
