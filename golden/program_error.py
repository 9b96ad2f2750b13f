"""Why a program is stopped."""

from enum import IntEnum

__all__ = ["ProgramError"]


class ProgramError(IntEnum):
    """What stopped a program: the first cause, in this order, of its first illegal instruction."""

    NONE = 0
    """Nothing."""
    PROGRAM_ADDRESS = 1
    """The instruction is not in the program memory, or not at a multiple of its 16 words."""
    OPCODE = 2
    """The opcode is unknown."""
    RESERVED = 3
    """A bit that belongs to no field is 1."""
    COUNT = 4
    """One of tiles_n, steps_ky, steps_kx, steps_kc, rows_y, rows_x is 0."""
    ROWS = 5
    """rows_y * rows_x is above the accumulators' depth."""
    WIDTH = 6
    """It drains, and width or last_width is 0 or above the columns."""
    IMAGE = 7
    """row_bytes or image_rows is above the bytes of the activation memory, or x_start or y_start is
    not from minus that many to that many less one."""
    WEIGHT_ADDRESS = 8
    """A tile of weights leaves the weight memory."""
    PARAMETER_ADDRESS = 9
    """It drains, and its parameters leave the parameter memory."""
    ACTIVATION_ADDRESS = 10
    """A byte that is not padding is read outside the activation memory."""
    OUTPUT_ADDRESS = 11
    """A byte is written outside the activation memory."""
