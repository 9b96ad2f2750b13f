"""Bitstreams by the packer of each family."""

import subprocess
from pathlib import Path

from flow.board import Board
from flow.errors import UserError
from flow.fpga_tools import find_tool, run_logged
from flow.parts import Family

__all__ = ["bitstream_suffix", "pack"]

PACK_TIMEOUT = 600

# Suffix of the bitstream, the packer, and the bytes that stand near the beginning.
_PACKERS = {
    Family.ECP5: (".bit", "ecppack", b"\xff\xff\xbd\xb3"),
    Family.ICE40: (".bin", "icepack", b"\x7e\xaa\x99\x7e"),
    Family.GOWIN: (".fs", "gowin_pack", b"1010010111000011"),
}


def bitstream_suffix(family: Family) -> str:
    """Return how the name of a family's bitstream ends."""
    return _PACKERS[family][0]


def pack(board: Board, family: Family, design: Path, bitstream: Path) -> None:
    """Make a bitstream of a routed design; what the packer says stays beside it.

    Raises
    ------
    UserError
        The packer is missing, or leaves no bitstream.
    """
    _, tool, magic = _PACKERS[family]
    source, target = str(design), str(bitstream)
    command = {
        Family.ECP5: ["--compress", *board.pack, source, target],
        Family.ICE40: [*board.pack, source, target],
        Family.GOWIN: ["-d", "GW1N-9C", *board.pack, "-o", target, source],
    }[family]
    log = bitstream.with_name("pack.log")
    try:
        status = run_logged(log.name)([find_tool(tool), *command], bitstream.parent, PACK_TIMEOUT)
    except subprocess.TimeoutExpired as error:
        raise UserError(f"{tool} must end within {PACK_TIMEOUT} s; {log} says more") from error
    # The exit status is no answer.
    data = bitstream.read_bytes() if bitstream.exists() else b""
    if magic not in data[:4096]:
        bitstream.unlink(missing_ok=True)
        raise UserError(
            f"{tool} must leave a bitstream in {bitstream}, and ended with status {status} and "
            f"none; {log} says why"
        )
