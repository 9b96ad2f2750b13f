from dataclasses import fields, replace

import pytest

from golden.accumulate_operation import AccumulateOperation
from golden.instruction import Instruction, Opcode, field_error
from golden.program_error import ProgramError
from hw.instruction import INSTRUCTION

LEGAL = Instruction(
    opcode=Opcode.MATMUL,
    drain=1,
    tiles_n=1,
    steps_ky=1,
    steps_kx=1,
    steps_kc=1,
    rows_y=4,
    rows_x=3,
    width=5,
    last_width=1,
)


def test_the_fields_are_those_of_the_hardware():
    assert [field.name for field in fields(Instruction)] == [f.name for f in INSTRUCTION.fields]


@pytest.mark.parametrize(
    ("field", "golden"),
    [("opcode", Opcode), ("first", AccumulateOperation), ("rest", AccumulateOperation)],
)
def test_the_names_of_values_are_those_of_the_hardware(field, golden):
    assert {member.name for member in golden} == {m.name for m in INSTRUCTION[field].kind}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({}, ProgramError.NONE),
        ({"opcode": 0}, ProgramError.OPCODE),
        ({"opcode": 15, "tiles_n": 0}, ProgramError.OPCODE),
        ({"tiles_n": 0}, ProgramError.COUNT),
        ({"steps_ky": 0}, ProgramError.COUNT),
        ({"steps_kx": 0}, ProgramError.COUNT),
        ({"steps_kc": 0}, ProgramError.COUNT),
        ({"rows_y": 0}, ProgramError.COUNT),
        ({"rows_x": 0, "width": 0}, ProgramError.COUNT),
        ({"rows_x": 4}, ProgramError.NONE),
        ({"rows_x": 4, "rows_y": 5}, ProgramError.ROWS),
        ({"width": 0}, ProgramError.WIDTH),
        ({"width": 6}, ProgramError.WIDTH),
        ({"last_width": 0}, ProgramError.WIDTH),
        ({"last_width": 6}, ProgramError.WIDTH),
        ({"last_width": 6, "drain": 0}, ProgramError.NONE),
        ({"row_bytes": 100, "image_rows": 100}, ProgramError.NONE),
        ({"row_bytes": 101, "width": 0}, ProgramError.WIDTH),
        ({"row_bytes": 101}, ProgramError.IMAGE),
        ({"image_rows": 101}, ProgramError.IMAGE),
        ({"x_start": -100, "y_start": 99}, ProgramError.NONE),
        ({"x_start": -101}, ProgramError.IMAGE),
        ({"x_start": 100}, ProgramError.IMAGE),
        ({"y_start": -101}, ProgramError.IMAGE),
        ({"y_start": 100}, ProgramError.IMAGE),
        ({"opcode": Opcode.HALT, "row_bytes": 101}, ProgramError.NONE),
        ({"opcode": Opcode.HALT, "tiles_n": 0, "width": 0}, ProgramError.NONE),
    ],
)
def test_the_first_reason_why_fields_are_illegal(change, error):
    assert field_error(replace(LEGAL, **change), cols=5, depth=16, activation_bytes=100) is error
