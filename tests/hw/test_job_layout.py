import pytest
from amaranth.hdl import signed, unsigned

from hw.instruction import INSTRUCTION
from hw.job_layout import job_layout


def test_fields_have_the_shapes_of_the_instruction_in_the_order_asked_for():
    layout = job_layout("x_start", "rows_y", "wait", wait_for=4)
    assert [(name, field.shape) for name, field in layout] == [
        ("x_start", signed(32)),
        ("rows_y", unsigned(16)),
        ("wait", unsigned(1)),
        ("wait_for", 4),
    ]


def test_every_field_of_the_instruction_can_be_named():
    names = [field.name for field in INSTRUCTION.fields]
    assert [name for name, _ in job_layout(*names)] == names


@pytest.mark.parametrize(
    ("names", "extra", "message"),
    [
        (["rows_z"], {}, "a job has fields of the instruction, and 'rows_z' is none of them"),
        ([], {"rows_x": 4}, "'rows_x' is a field of the instruction: name it without a shape"),
    ],
)
def test_a_wrong_name_is_refused(names, extra, message):
    with pytest.raises(ValueError, match=message):
        job_layout(*names, **extra)
