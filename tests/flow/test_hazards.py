from dataclasses import replace

import pytest

from flow.hazards import with_waits
from golden.instruction import Instruction, Opcode

WRITE = Instruction(
    opcode=Opcode.MATMUL,
    drain=1,
    output_address=100,
    tiles_n=1,
    rows_y=1,
    rows_x=1,
    steps_ky=1,
    width=4,
    last_width=4,
    image_rows=1,
    row_bytes=4,
)
READ = replace(WRITE, drain=0, activation_address=100)


def waits(*steps):
    return [step.wait for step in with_waits(steps)]


@pytest.mark.parametrize(
    ("write", "first", "end"),
    [
        ({}, 100, 104),
        ({"width": 2}, 100, 104),
        ({"last_width": 2, "width": 1}, 100, 102),
        ({"tiles_n": 3, "output_step_n": 8}, 100, 120),
        ({"rows_x": 3, "output_pitch_x": 10}, 100, 124),
        ({"rows_y": 3, "output_pitch_y": 50}, 100, 204),
    ],
)
def test_who_reads_one_byte_of_what_is_written_waits(write, first, end):
    step = replace(WRITE, **write)
    for byte, wait in ((first - 1, 0), (first, 1), (end - 1, 1), (end, 0)):
        assert waits(step, replace(READ, activation_address=byte, row_bytes=1)) == [0, wait]


@pytest.mark.parametrize(
    ("read", "first", "end"),
    [
        ({}, 0, 4),
        ({"image_rows": 5, "rows_y": 3, "step_y": 2}, 0, 20),
        ({"image_rows": 5, "rows_y": 2, "step_y": 2}, 0, 12),
        ({"image_rows": 5, "rows_y": 2, "step_y": 1, "y_start": 2}, 8, 16),
        ({"image_rows": 5, "steps_ky": 2, "step_ky": 3, "y_start": -2}, 0, 8),
        ({"image_rows": 5, "rows_y": 9, "step_y": 1, "y_start": -2}, 0, 20),
        ({"image_rows": 5, "y_start": 5}, 0, 0),
        ({"image_rows": 5, "y_start": -1}, 0, 0),
    ],
)
def test_all_rows_that_are_read_count(read, first, end):
    reader = replace(READ, activation_address=500, **read)
    one_byte = replace(WRITE, width=1, last_width=1)
    for byte, wait in ((first - 1, 0), (first, 1), (end - 1, 1), (end, 0)):
        inside = first <= byte < end
        expected = wait if end > first else int(inside)
        assert waits(replace(one_byte, output_address=500 + byte), reader) == [0, expected]


def test_one_wait_covers_all_that_was_written_before():
    assert waits(WRITE, replace(WRITE, output_address=200), READ, READ) == [0, 0, 1, 0]
    assert waits(WRITE, READ, WRITE, READ, READ) == [0, 1, 0, 1, 0]


def test_what_is_not_drained_is_not_waited_for():
    assert waits(replace(WRITE, drain=0), READ) == [0, 0]


def test_an_instruction_may_wait_and_write():
    chain = replace(WRITE, activation_address=100, output_address=300)
    assert waits(WRITE, chain, replace(READ, activation_address=300)) == [0, 1, 1]
