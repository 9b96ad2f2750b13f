"""The instruction set: one table for hardware, assembler, disassembler and docs."""

from amaranth.lib import enum

from hw.field_table import Field, FieldTable

__all__ = ["INSTRUCTION", "AccumulateOperation", "Opcode"]


class Opcode(enum.Enum, shape=4):
    """What an instruction does. 0 is illegal, so that cleared memory does not run."""

    MATMUL = 1
    """Passes through the array, as `docs/accelerator.md` has it."""
    HALT = 2
    """Ends the program when all outputs are written."""


class AccumulateOperation(enum.Enum, shape=2):
    """What is done with a partial sum."""

    SET = 0
    """accumulator = sum"""
    ADD = 1
    """accumulator = accumulator + sum"""
    SHIFT_ADD = 2
    """accumulator = accumulator * 256 + sum"""
    MAX = 3
    """accumulator = max(accumulator, sum)"""


INSTRUCTION = FieldTable(16, [
    Field("opcode",             0,  0,  4, "what is done", kind=Opcode),
    Field("first",              0,  4,  2, "operation of the first pass of a tile",
          kind=AccumulateOperation),
    Field("rest",               0,  6,  2, "operation of its later passes",
          kind=AccumulateOperation),
    Field("drain",              0,  8,  1, "requantize after the last pass of a tile"),
    Field("wait",               0,  9,  1, "read when all earlier outputs are written"),
    Field("padding",            0, 16,  8, "what is read outside the image", signed=True),
    Field("weight_address",     1,  0, 32, "first word of the first tile of weights"),
    Field("parameter_address",  2,  0, 32, "word of the first output channel"),
    Field("activation_address", 3,  0, 32, "byte of row 0, offset 0"),
    Field("output_address",     4,  0, 32, "byte of the first output"),
    Field("tiles_n",            5,  0, 16, "column tiles"),
    Field("steps_ky",           5, 16,  8, "kernel rows"),
    Field("steps_kx",           5, 24,  8, "kernel columns that are not neighbouring bytes"),
    Field("steps_kc",           6,  0, 16, "steps of R bytes"),
    Field("rows_y",             6, 16, 16, "output rows"),
    Field("rows_x",             7,  0, 16, "output columns"),
    Field("width",              7, 16,  8, "bytes written of a tile"),
    Field("last_width",         7, 24,  8, "bytes written of the last tile"),
    Field("x_start",            8,  0, 32, "first offset in an image row", signed=True),
    Field("step_x",             9,  0, 16, "bytes from an output column to the next"),
    Field("step_kx",            9, 16, 16, "bytes from a kernel column to the next"),
    Field("step_kc",           10,  0, 16, "bytes from a step to the next"),
    Field("step_n",            10, 16, 16, "bytes from a column tile to the next"),
    Field("y_start",           11,  0, 16, "first image row", signed=True),
    Field("step_y",            11, 16,  8, "image rows from an output row to the next"),
    Field("step_ky",           11, 24,  8, "image rows from a kernel row to the next"),
    Field("image_rows",        12,  0, 16, "rows of the image"),
    Field("output_step_n",     12, 16, 16, "bytes from a column tile to the next"),
    Field("row_bytes",         13,  0, 18, "bytes of an image row"),
    Field("output_pitch_y",    14,  0, 32, "bytes from an output row to the next"),
    Field("output_pitch_x",    15,  0, 16, "bytes from an output column to the next"),
])
