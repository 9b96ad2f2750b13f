"""`lastbit run`: a network on the accelerator, every tensor compared."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flow.errors import user_input

if TYPE_CHECKING:
    from rich.console import Console

    from flow.network_run import NetworkRun

__all__ = ["command"]


@click.command("run")
@click.argument("network", type=click.Path(path_type=Path))
@click.option(
    "--input",
    "inputs",
    multiple=True,
    required=True,
    metavar="[NAME=]FILE",
    help="int8 numbers of an input; NAME= where there are several.",
)
@click.option(
    "--on",
    "level",
    type=click.Choice(["golden", "verilator", "icarus"]),
    default="verilator",
    show_default=True,
    help="Where it runs: the NumPy model, or the generated Verilog in a simulator.",
)
@click.option("--rows", type=int, default=8, show_default=True, help="Rows: the reduction axis.")
@click.option("--cols", type=int, default=8, show_default=True, help="Columns: output channels.")
@click.option("--depth", type=int, default=512, show_default=True, help="Rows of accumulators.")
@click.option("--lanes", type=int, help="Requantizers.  [default: one a column]")
@click.option("--activation-bytes", type=int, default=65536, show_default=True)
@click.option("--weight-words", type=int, default=8192, show_default=True)
@click.option("--parameter-words", type=int, default=1024, show_default=True)
@click.option("--program-words", type=int, default=4096, show_default=True)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to write every tensor to, as .npy.",
)
def command(
    network: Path,
    inputs: tuple[str, ...],
    level: str,
    rows: int,
    cols: int,
    depth: int,
    lanes: int | None,
    out: Path | None,
    **memories: int,
) -> None:
    """Compile a NETWORK (.npz), run it on the accelerator and compare every tensor with golden.

    Exit status: 0 all equal, 1 something differs, 2 bad input.
    """
    from rich.console import Console

    from flow.graph_file import load_graph
    from flow.job import Level
    from flow.network_run import read_inputs, run_network
    from hw.accelerator_config import AcceleratorConfig
    from hw.config import EngineConfig

    with user_input():
        engine = EngineConfig(rows=rows, cols=cols, depth=depth, lanes=lanes, statistics=True)
        config = AcceleratorConfig(engine=engine, **memories)
    graph = load_graph(network)
    values = read_inputs(graph, inputs)
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 120
    with console.status("begin") as status:
        run = run_network(
            graph, values, config, Level(level), on_stage=lambda stage: status.update(stage)
        )
    _show(run, console)
    if out is not None:
        _write(run, out)
        console.print(f"{len(run.program.tensors)} tensors are in {out}")
    if not run.equal:
        click.get_current_context().exit(1)


def _show(run: "NetworkRun", console: "Console") -> None:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("layer", "kind"):
        table.add_column(heading)
    for heading in ("output", "elements", "differences"):
        table.add_column(heading, justify="right")
    for layer in run.layers:
        shape = " × ".join(map(str, layer.shape))
        compared = layer.comparison
        counts = (f"{compared.total:,}", f"{compared.count:,}") if compared else ("", "not kept")
        table.add_row(layer.name, layer.kind, shape, *counts)
    console.print(table)
    for layer in run.layers:
        if layer.comparison and not layer.comparison.equal:
            console.print(f"{layer.name}: {layer.comparison}", style="red", markup=False)
    if any(layer.comparison is None for layer in run.layers):
        needed = sum(-(-place.type.bytes // 4) * 4 for place in run.program.tensors.values())
        console.print(
            "places of tensors that are not kept were used again; "
            f"--activation-bytes {needed} keeps them all"
        )
    if run.utilization is not None:
        console.print(
            f"{run.result.cycles:,} cycles, {run.products:,} products, "
            f"{run.utilization:.1%} of the array used"
        )
    counted = run.result.registers or asdict(run.result.counters)
    if any(counted.values()):
        console.print(", ".join(f"{name} {value:,}" for name, value in counted.items()))
    if run.counters_differ:
        console.print(f"golden counted {run.expected_counters}", style="red")


def _write(run: "NetworkRun", out: Path) -> None:
    from flow.errors import UserError
    from flow.files import write_array

    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"--out {out} cannot be made: {error.strerror}; name a folder") from error
    for name, values in run.result.tensors.items():
        write_array(out / f"{name.replace('/', '_')}.npy", values)
