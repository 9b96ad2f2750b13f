"""`lastbit verilog`: the GEMM engine as one standalone Verilog file."""

from pathlib import Path

import click

from flow.atomic import atomic_write
from flow.errors import UserError, user_input
from golden.names import parse_name
from golden.scheme import Scheme

__all__ = ["command"]


@click.command("verilog")
@click.option("--rows", type=int, default=8, show_default=True, help="Rows: the reduction axis.")
@click.option("--cols", type=int, default=8, show_default=True, help="Columns: output channels.")
@click.option("--group", type=int, help="Rows that share a time step: 1, 2 or 4.  [default: most]")
@click.option(
    "--depth", type=int, default=512, show_default=True, help="Rows of activations in a pass."
)
@click.option(
    "--schemes",
    default="float32,fixed,shift",
    show_default=True,
    help="Requantization schemes, separated by commas.",
)
@click.option("--name", default="lastbit_gemm", show_default=True, help="Name of the top module.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("build/verilog"),
    show_default=True,
    help="Folder to write to.",
)
def command(
    rows: int, cols: int, group: int | None, depth: int, schemes: str, name: str, out: Path
) -> None:
    """Write NAME.v, NAME.md (its ports) and NAME.vlt (reasoned lint waivers) to a folder.

    The top module computes requantize(A x W) between AXI4-Streams. The same options give the same
    bytes.
    """
    from flow.verilog_files import engine_files
    from hw.config import EngineConfig

    with user_input():
        chosen = frozenset(parse_name(Scheme, scheme.strip()) for scheme in schemes.split(","))
        config = EngineConfig(rows=rows, cols=cols, group=group, depth=depth, schemes=chosen)
        files = engine_files(config, name)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"--out {out} cannot be made: {error.strerror}; name a folder") from error
    for file_name, text in files.items():
        with atomic_write(out / file_name) as file:
            file.write(text)
        click.echo(out / file_name)
