"""`lastbit verilog`: the engine or the accelerator as one standalone Verilog file."""

from pathlib import Path
from typing import Any

import click

from flow.atomic import atomic_write
from flow.engine_options import SCHEMES, engine_config, engine_options, memory_options
from flow.errors import UserError, user_input
from hw.multiplier_kind import MultiplierKind

__all__ = ["command"]


@click.command("verilog")
@engine_options(
    rows=8,
    cols=8,
    group=None,
    lanes=None,
    depth=512,
    schemes=SCHEMES,
    multiplier=MultiplierKind.PORTABLE.value,
    dsp_rows=None,
    dsp_cols=None,
)
@click.option(
    "--top",
    type=click.Choice(["engine", "axi", "uart"]),
    default="engine",
    show_default=True,
    help="The engine between AXI4-Streams, or the accelerator with AXI or with a serial line.",
)
@memory_options(activation_bytes=65536, weight_words=8192, parameter_words=1024, program_words=4096)
@click.option(
    "--divisor", type=int, default=868, show_default=True, help="Clock cycles of a serial bit."
)
@click.option(
    "--board",
    metavar="NAME",
    help="The accelerator between the pins of a board; what is not given is the board's.",
)
@click.option("--mhz", type=float, help="Clock of a board's accelerator.")
@click.option("--baud", type=int, help="Bits a second of a board's serial line.")
@click.option(
    "--name", help="Name of the top module.  [default: lastbit_ and gemm, accelerator or the board]"
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("build/verilog"),
    show_default=True,
    help="Folder to write to.",
)
def command(
    engine: dict[str, Any],
    top: str,
    memories: dict[str, int],
    divisor: int,
    board: str | None,
    mhz: float | None,
    baud: int | None,
    name: str | None,
    out: Path,
) -> None:
    """Write NAME.v, NAME.md (its ports) and NAME.vlt (reasoned lint waivers) to a folder.

    The engine computes requantize(A x W); the accelerator runs programs, with memories of the given
    sizes. The same options give the same bytes. Models of a vendor's primitives, which simulators
    need and synthesis must not read, are written beside it; for a board its constraints and a
    script or project for its tools as well.
    """
    if board is None:
        for option, value in (("--mhz", mhz), ("--baud", baud)):
            if value is not None:
                raise UserError(f"{option} is for a board; name one with --board")
        files = _files(engine, top, memories, divisor, name)
    else:
        given = {key: value for key, value in (engine | memories).items() if _is_given(key)}
        for key in ("top", "divisor"):
            if _is_given(key):
                raise UserError(f"--{key} is not for a board: it follows from the board and --baud")
        files = _board_files(board, given, mhz, baud, name)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"--out {out} cannot be made: {error.strerror}; name a folder") from error
    for file_name, text in files.items():
        with atomic_write(out / file_name) as file:
            file.write(text)
        click.echo(out / file_name)


def _is_given(option: str) -> bool:
    """Whether an option stands on the command line."""
    source = click.get_current_context().get_parameter_source(option)
    return source is not click.core.ParameterSource.DEFAULT


def _board_files(
    board: str, given: dict[str, Any], mhz: float | None, baud: int | None, name: str | None
) -> dict[str, str]:
    from flow.board_catalog import find_board
    from flow.board_files import board_files, top_name
    from flow.board_options import changed_board

    changed = changed_board(find_board(board), given, mhz=mhz, baud=baud)
    with user_input("--name"):
        return board_files(changed, name or top_name(changed))


def _files(
    engine: dict[str, Any], top: str, memories: dict[str, int], divisor: int, name: str | None
) -> dict[str, str]:
    from flow.verilog_files import axi_files, engine_files, uart_files
    from hw.accelerator_config import AcceleratorConfig

    with user_input():
        config = engine_config(engine)
        if top == "engine":
            return engine_files(config, name or "lastbit_gemm")
        name = name or "lastbit_accelerator"
        accelerator = AcceleratorConfig(engine=config, **memories)
        if top == "axi":
            return axi_files(accelerator, name)
        return uart_files(accelerator, name, divisor=divisor)
