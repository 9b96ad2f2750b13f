"""A bitstream of a board: synthesis, place and route, packer; each is checked by its output."""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from flow.bitstream import bitstream_suffix, pack
from flow.board import Board, Toolchain
from flow.board_files import top_name
from flow.errors import UserError
from flow.fit import lacking
from flow.floorplan import place_blocks
from flow.parts import Part
from flow.pin_files import pin_files
from flow.place_and_route import Routed, find_nextpnr, place_and_route
from flow.synthesis import Netlist, synthesize

__all__ = ["BuildFailedError", "Built", "build_board", "check_fit"]

_TMP = Path("/tmp")


class BuildFailedError(Exception):
    """What was asked for does not fit the part, or not its speed; told with the way out."""


@dataclass(frozen=True)
class Built:
    """A bitstream and how it came to be.

    Parameters
    ----------
    board : Board
        What it is for.
    netlist : Netlist
    routed : Routed
    bitstream : Path
    seconds : Mapping of str to float
        Of each stage.
    """

    board: Board
    netlist: Netlist
    routed: Routed
    bitstream: Path
    seconds: Mapping[str, float]

    @property
    def frequency(self) -> float:
        """Of the clock that the board makes, in MHz."""
        return float(self.board.made_frequency)


def build_board(
    board: Board,
    folder: Path,
    *,
    seed: int = 1,
    timeout: float = 900,
    on_stage: Callable[[str], None] = lambda stage: None,
) -> Built:
    """Make the bitstream of a board in a folder, which keeps what the tools say.

    Parameters
    ----------
    board : Board
        What it is for.
    folder : Path
        Made if it is not there.
    seed : int
        Of the placer.
    timeout : float
        Seconds that place and route may take.
    on_stage : callable
        Called with the name of each stage, before it.

    Raises
    ------
    UserError
        There are no open tools for the board, or one is missing or fails.
    BuildFailedError
        The design does not fit, or is too slow; there is no bitstream then.
    """
    part = _open_part(board)
    folder = folder.resolve()
    _make_folder(folder, find_nextpnr(part.family))
    suffix = bitstream_suffix(part.family)
    name = top_name(board)
    bitstream = folder / f"{name}{suffix}"
    bitstream.unlink(missing_ok=True)
    watch = _Watch(on_stage)

    watch.start("synthesis")
    netlist = synthesize(board.top(), name, part.family, folder)
    check_fit(netlist, part)
    place_blocks(netlist, board.config.engine, part)

    watch.start("place and route")
    pins = [_write(folder / f"{name}{kind}", text) for kind, text in pin_files(board).items()]
    routed = _route(board, netlist, part, seed, timeout, pins[0])

    watch.start("bitstream")
    pack(board, part.family, routed.design, bitstream)
    watch.start("")
    return Built(board, netlist, routed, bitstream, watch.seconds)


def check_fit(netlist: Netlist, part: Part) -> None:
    """Make sure that what a netlist takes is there.

    Raises
    ------
    BuildFailedError
        It is not; the sentence names what there is most too much of.
    """
    lack = lacking(netlist.counts, part)
    if lack is not None:
        out = "a smaller --weight-words" if lack.is_memory else "fewer --rows, --cols or --lanes"
        raise BuildFailedError(f"{netlist.top} {lack.said}: take {out}")


def _open_part(board: Board) -> Part:
    if board.toolchain is not Toolchain.NEXTPNR or board.part is None:
        raise UserError(
            f"{board.name} has no open tools: `lastbit verilog --board {board.name}` writes a "
            f"project for {board.toolchain.value}"
        )
    return board.part


def _route(
    board: Board, netlist: Netlist, part: Part, seed: int, timeout: float, pins: Path
) -> Routed:
    """Place and route; BuildFailedError if there is no place, no end, or not the frequency."""
    asked = float(board.made_frequency)
    try:
        routed = place_and_route(
            netlist,
            part,
            package=board.package,
            speed=board.speed,
            frequency=asked,
            seed=seed,
            timeout=timeout,
            pins=pins,
        )
    except UserError as error:
        # nextpnr's own words for a part that is full.
        full = re.search(r"Unable to (?:place|find legal placement).*", str(error))
        if full is None:
            raise
        raise BuildFailedError(
            f"{board.name} is too small for the design: take fewer --rows, --cols or --lanes, or "
            f"smaller memories; nextpnr says: {full[0]}"
        ) from error
    if routed is None:
        raise BuildFailedError(
            f"place and route of {board.name} did not end in {timeout:g} s: "
            "take another --seed, or a longer --timeout"
        )
    if routed.fmax < asked:
        raise BuildFailedError(
            f"{board.name} reaches {routed.fmax:.1f} MHz and not {asked:g}: "
            f"take --mhz {int(routed.fmax)}, another --seed, or fewer --rows and --cols"
        )
    return routed


def _make_folder(folder: Path, tool: str) -> None:
    if Path(tool).name.startswith("yowasp-") and folder.is_relative_to(_TMP):
        raise UserError(
            f"--out must not be under {_TMP}, of which YoWASP's tools have their own: "
            f"name another folder than {folder}"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"--out {folder} cannot be made: {error.strerror}; name a folder"
        ) from error


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


class _Watch:
    """Tells the stages, and takes their times."""

    def __init__(self, on_stage: Callable[[str], None]) -> None:
        self.seconds: dict[str, float] = {}
        self._on_stage = on_stage
        self._stage = ""
        self._since = 0.0

    def start(self, stage: str) -> None:
        """Begin a stage, and end the one before; no name ends all."""
        now = time.perf_counter()
        if self._stage:
            self.seconds[self._stage] = now - self._since
        self._stage, self._since = stage, now
        if stage:
            self._on_stage(stage)
