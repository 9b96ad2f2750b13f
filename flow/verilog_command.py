"""`lastbit verilog`: the engine or the accelerator as one standalone Verilog file."""

from pathlib import Path

import click

from flow.atomic import atomic_write
from flow.errors import UserError, user_input
from golden.names import parse_name
from golden.scheme import Scheme
from hw.multiplier_kind import MultiplierKind

__all__ = ["command"]


@click.command("verilog")
@click.option("--rows", type=int, default=8, show_default=True, help="Rows: the reduction axis.")
@click.option("--cols", type=int, default=8, show_default=True, help="Columns: output channels.")
@click.option("--group", type=int, help="Rows that share a time step: 1, 2 or 4.  [default: most]")
@click.option("--lanes", type=int, help="Requantizers, a divisor of the columns.  [default: all]")
@click.option(
    "--depth", type=int, default=512, show_default=True, help="Rows of activations in a pass."
)
@click.option(
    "--schemes",
    default="float32,fixed,shift",
    show_default=True,
    help="Requantization schemes, separated by commas.",
)
@click.option(
    "--multiplier",
    type=click.Choice([kind.value for kind in MultiplierKind]),
    default=MultiplierKind.PORTABLE.value,
    show_default=True,
    help="What elements multiply with: any tool's Verilog, or DSP blocks of an ECP5.",
)
@click.option(
    "--top",
    type=click.Choice(["engine", "axi", "uart"]),
    default="engine",
    show_default=True,
    help="The engine between AXI4-Streams, or the accelerator with AXI or with a serial line.",
)
@click.option("--activation-bytes", type=int, default=65536, show_default=True)
@click.option("--weight-words", type=int, default=8192, show_default=True)
@click.option("--parameter-words", type=int, default=1024, show_default=True)
@click.option("--program-words", type=int, default=4096, show_default=True)
@click.option(
    "--divisor", type=int, default=868, show_default=True, help="Clock cycles of a serial bit."
)
@click.option(
    "--name", help="Name of the top module.  [default: lastbit_gemm or lastbit_accelerator]"
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("build/verilog"),
    show_default=True,
    help="Folder to write to.",
)
def command(
    rows: int,
    cols: int,
    group: int | None,
    depth: int,
    schemes: str,
    multiplier: str,
    top: str,
    lanes: int | None,
    divisor: int,
    name: str | None,
    out: Path,
    **memories: int,
) -> None:
    """Write NAME.v, NAME.md (its ports) and NAME.vlt (reasoned lint waivers) to a folder.

    The engine computes requantize(A x W); the accelerator runs programs, with memories of the given
    sizes. The same options give the same bytes. Models of a vendor's primitives, which simulators
    need and synthesis must not read, are written beside it.
    """
    from flow.verilog_files import axi_files, engine_files, uart_files
    from hw.accelerator_config import AcceleratorConfig
    from hw.config import EngineConfig

    with user_input():
        chosen = frozenset(parse_name(Scheme, scheme.strip()) for scheme in schemes.split(","))
        engine = EngineConfig(
            rows=rows,
            cols=cols,
            group=group,
            depth=depth,
            lanes=lanes,
            schemes=chosen,
            multiplier=MultiplierKind(multiplier),
        )
        if top == "engine":
            files = engine_files(engine, name or "lastbit_gemm")
        else:
            name = name or "lastbit_accelerator"
            config = AcceleratorConfig(engine=engine, **memories)
            files = (
                axi_files(config, name)
                if top == "axi"
                else uart_files(config, name, divisor=divisor)
            )
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"--out {out} cannot be made: {error.strerror}; name a folder") from error
    for file_name, text in files.items():
        with atomic_write(out / file_name) as file:
            file.write(text)
        click.echo(out / file_name)
