"""The files of a board that a person takes home: Verilog, pins, a script, and what goes where."""

from importlib import resources

from flow.board import Board
from flow.board_scripts import board_scripts
from flow.pin_files import pin_files
from flow.verilog_files import accelerator_summary
from hw.emit import check_module_name, emit_verilog
from sim.primitive_models import primitive_models

__all__ = ["board_files", "board_verilog", "top_name"]

_MEANINGS = {
    "i_clk": "The board's clock, {clock:g} MHz; the accelerator runs at {frequency:.5g} MHz.",
    "i_rx": "Serial line from the host: 8 bits, no parity, 1 stop bit, {baud} baud.",
    "o_tx": "Serial line to the host, likewise.",
    "o_light": "Blinks about once a second while the clock runs.",
}


def top_name(board: Board) -> str:
    """Return the name of the board's top module."""
    return f"lastbit_{board.name.replace('-', '_')}"


def board_verilog(board: Board, name: str) -> str:
    """Return the Verilog of the board's top module and all below it.

    Raises
    ------
    UserError
        As of `Board.top`.
    ValueError
        `name` is not a Verilog identifier.
    """
    check_module_name(name)
    text: str = emit_verilog(board.top(), name)
    return text


def board_files(board: Board, name: str) -> dict[str, str]:
    """Return the text of every file of a board by its name; errors as above."""
    verilog = board_verilog(board, name)
    models = {path.name: path.read_text(encoding="utf-8") for path in primitive_models(verilog)}
    waivers = resources.files("sim").joinpath("verilator.vlt").read_text(encoding="utf-8")
    return {
        f"{name}.v": verilog,
        f"{name}.md": _page(board, name, list(models)),
        f"{name}.vlt": waivers,
        **{f"{name}{suffix}": text for suffix, text in pin_files(board).items()},
        **board_scripts(board, name),
        **models,
    }


def _page(board: Board, name: str, models: list[str]) -> str:
    """What is where."""
    values = {
        "clock": float(board.clock),
        "frequency": float(board.made_frequency),
        "baud": board.baud,
    }
    lines = [
        f"# `{name}`: {board.title}",
        "",
        f"{board.device}. {accelerator_summary(board.config)}",
        "",
        f"Serial line: {board.serial}.",
        "",
        f"Pins are those of {board.source}.",
        "",
        "| port | pin | standard | meaning |",
        "|---|---|---|---|",
    ]
    for pin in board.pins:
        tied = board.ties.get(pin.port.removeprefix("o_"))
        meaning = f"Always {tied}." if tied is not None else _MEANINGS[pin.port].format(**values)
        lines.append(f"| {pin.port} | {pin.place} | {pin.standard} | {meaning} |")
    if models:
        lines += ["", f"To simulate it, add {', '.join(models)}; synthesis has the primitives."]
    return "\n".join(lines) + "\n"
