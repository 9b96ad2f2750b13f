"""A board, and the accelerator that goes onto it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import Any

from flow.accelerator_kind import AnyConfig
from flow.errors import UserError
from flow.parts import Family, Part
from hw.board_top import BoardTop
from hw.pll import plan_clock
from hw.pll_kind import PllKind

__all__ = ["Board", "Pin", "Toolchain"]


class Toolchain(Enum):
    """What makes a bitstream."""

    NEXTPNR = "nextpnr"
    """Yosys and nextpnr: `lastbit build`."""
    VIVADO = "vivado"
    """AMD's, from the script of `lastbit verilog --board`."""
    QUARTUS = "quartus"
    """Intel's, likewise."""


@dataclass(frozen=True)
class Pin:
    """A port of the top module and where it stands.

    Parameters
    ----------
    port : str
        Its name in the Verilog.
    place : str
        Ball or pin of the package.
    standard : str
        Voltage, as the part's tools call it.
    pull_up : bool
        Whether the line is held high while nothing drives it.
    """

    port: str
    place: str
    standard: str
    pull_up: bool = False


@dataclass(frozen=True)
class Board:
    """A board, and the accelerator for it.

    Parameters
    ----------
    name : str
        As `--board` has it.
    title, source : str
        What people call it, and whose file the pins are from.
    toolchain : Toolchain
    device : str
        As the vendor's tools know the part, with package and speed; for people with open ones.
    device_family : str
        As Quartus wants it; empty elsewhere.
    part : Part or None
        None if it is in no table.
    package, speed : str or None
        As `flow.place_and_route` wants them.
    pins : tuple of Pin
        The clock is the first.
    clock, frequency : Fraction
        Of the board, and what is wanted for the accelerator, in MHz.
    pll : PllKind
    baud : int
    light_on : int or None
        Level at which the light shines; None without one.
    ties : Mapping of str to int
        Other pins' levels.
    engine : Mapping of str to object
        What the file says of the array; the rest follows from it.
    config : AcceleratorConfig or GemmAcceleratorConfig
        The array with all that follows, and the memories.
    pack : tuple of str
        What else the packer is told.
    load, serial : str
        The command that loads {file}, and where the serial line is.
    """

    name: str
    title: str
    source: str
    toolchain: Toolchain
    device: str
    device_family: str
    part: Part | None
    package: str | None
    speed: str | None
    pins: tuple[Pin, ...]
    clock: Fraction
    frequency: Fraction
    pll: PllKind
    baud: int
    light_on: int | None
    ties: Mapping[str, int]
    engine: Mapping[str, Any]
    config: AnyConfig
    pack: tuple[str, ...]
    load: str
    serial: str

    @property
    def family(self) -> Family | None:
        """Of the part, if it is known."""
        return None if self.part is None else self.part.family

    @property
    def made_frequency(self) -> Fraction:
        """What the PLL makes of the wanted frequency, in MHz.

        Raises
        ------
        UserError
            It cannot make any.
        """
        try:
            frequency: Fraction = plan_clock(self.pll, self.clock, self.frequency)[1]
        except ValueError as error:
            raise UserError(f"{self.name}: {error}") from error
        return frequency

    def top(self) -> Any:
        """Return the component whose ports are the pins.

        Raises
        ------
        UserError
            The PLL cannot make the frequency, or the divisor of the clock the baud rate.
        """
        try:
            return BoardTop(
                self.config,
                pll=self.pll,
                clock=self.clock,
                frequency=self.frequency,
                baud=self.baud,
                light=self.light_on is not None,
                light_on=self.light_on or 0,
                ties=self.ties,
            )
        except ValueError as error:
            raise UserError(f"{self.name}: {error}") from error
