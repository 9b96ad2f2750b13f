"""A board's pins and clock, as each vendor's or family's tools want them."""

from collections.abc import Iterator

from flow.board import Board, Toolchain
from flow.parts import Family

__all__ = ["pin_files"]


def pin_files(board: Board) -> dict[str, str]:
    """Return the suffix and the text of each constraint file of a board."""
    if board.toolchain is Toolchain.VIVADO:
        return {".xdc": _text(board, "#", _xdc(board))}
    if board.toolchain is Toolchain.QUARTUS:
        return {
            ".pins.tcl": _text(board, "#", _qsf(board)),
            ".sdc": _text(board, "#", [_create_clock(board), "derive_clock_uncertainty"]),
        }
    if board.family is Family.ECP5:
        return {".lpf": _text(board, "#", _lpf(board))}
    if board.family is Family.ICE40:
        return {".pcf": _text(board, "#", _pcf(board))}
    return {
        ".cst": _text(board, "//", _cst(board)),
        ".sdc": _text(board, "//", [_create_clock(board)]),
    }


def _text(board: Board, comment: str, lines: list[str] | Iterator[str]) -> str:
    return "\n".join([f"{comment} {board.title}; pins of {board.source}", *lines]) + "\n"


def _create_clock(board: Board) -> str:
    period = float(1000 / board.clock)
    return f"create_clock -name i_clk -period {period:.3f} [get_ports {{i_clk}}]"


def _lpf(board: Board) -> Iterator[str]:
    yield f'FREQUENCY PORT "i_clk" {float(board.clock):g} MHZ;'
    for pin in board.pins:
        pull = " PULLMODE=UP" if pin.pull_up else ""
        yield f'LOCATE COMP "{pin.port}" SITE "{pin.place}";'
        yield f'IOBUF PORT "{pin.port}" IO_TYPE={pin.standard}{pull};'


def _pcf(board: Board) -> Iterator[str]:
    yield f"set_frequency i_clk {float(board.clock):g}"
    for pin in board.pins:
        yield f"set_io {'-pullup yes ' if pin.pull_up else ''}{pin.port} {pin.place}"


def _cst(board: Board) -> Iterator[str]:
    for pin in board.pins:
        yield f'IO_LOC "{pin.port}" {pin.place};'
        pull = " PULL_MODE=UP" if pin.pull_up else ""
        yield f'IO_PORT "{pin.port}" IO_TYPE={pin.standard}{pull};'


def _xdc(board: Board) -> Iterator[str]:
    yield _create_clock(board)
    for pin in board.pins:
        pull = " PULLTYPE PULLUP" if pin.pull_up else ""
        yield (
            f"set_property -dict {{ PACKAGE_PIN {pin.place} IOSTANDARD {pin.standard}{pull} }} "
            f"[get_ports {{{pin.port}}}]"
        )
    # The line is slow and goes through two registers, and the light is for eyes.
    yield "set_false_path -from [get_ports {i_rx}]"
    for pin in board.pins:
        if pin.port.startswith("o_"):
            yield f"set_false_path -to [get_ports {{{pin.port}}}]"
    if not board.device.startswith("xc7z"):  # a Zynq is configured by its processor
        yield "set_property CFGBVS VCCO [current_design]"
        yield "set_property CONFIG_VOLTAGE 3.3 [current_design]"


def _qsf(board: Board) -> Iterator[str]:
    for pin in board.pins:
        yield f"set_location_assignment PIN_{pin.place} -to {pin.port}"
        yield f'set_instance_assignment -name IO_STANDARD "{pin.standard}" -to {pin.port}'
        if pin.pull_up:
            yield f"set_instance_assignment -name WEAK_PULL_UP_RESISTOR ON -to {pin.port}"
