from dataclasses import replace

import numpy as np
import pytest

from flow.assembler import assemble
from flow.disassembler import disassemble
from flow.errors import UserError
from flow.instruction_words import decode, encode, joined, program_words, split
from golden.accumulate_operation import AccumulateOperation
from golden.instruction import Instruction, Opcode
from hw.instruction import INSTRUCTION

TEXT = """\
# a comment of its own
matmul first=set rest=shift_add drain  # and one behind
    padding=-128 weight_address=0x10

    x_start=-1 tiles_n=65535 wait=1
halt
"""


def test_a_program_by_hand():
    first, last = (
        Instruction(
            opcode=Opcode.MATMUL,
            rest=AccumulateOperation.SHIFT_ADD,
            drain=1,
            wait=1,
            padding=-128,
            weight_address=16,
            x_start=-1,
            tiles_n=65535,
        ),
        Instruction(opcode=Opcode.HALT),
    )
    words = assemble(TEXT)
    assert words == program_words([first, last])
    assert [words[0], words[1], words[5], words[8], words[16]] == [
        1 | 2 << 6 | 3 << 8 | 0x80 << 16,
        16,
        65535,
        0xFFFFFFFF,
        2,
    ]


@pytest.mark.parametrize("seed", range(20))
def test_any_words_come_back(seed):
    """Random words are illegal in every way; some are made legal."""
    rng = np.random.default_rng(seed)
    words = []
    for _ in range(20):
        instruction = [int(word) for word in rng.integers(0, 2**32, 16)]
        if rng.random() < 0.7:
            legal = joined(instruction) & ~INSTRUCTION.reserved & ~15 | int(rng.integers(1, 3))
            instruction = split(legal)
        words += instruction
    text = disassemble(words)
    assert assemble(text) == words
    assert "words" in text
    assert "matmul" in text
    assert max(len(line) for line in text.splitlines()) <= 100


@pytest.mark.parametrize("field", INSTRUCTION.fields, ids=lambda field: field.name)
def test_each_field_at_its_ends_comes_back(field):
    values = list(field.kind) if field.kind else sorted({*field.range, 0, 1})
    for value in values:
        number = INSTRUCTION.encode({"opcode": 1, field.name: value})
        assert joined(assemble(disassemble(split(number)))) == number
        assert encode(decode(number)) == number


def test_notes_become_comments():
    text = disassemble(assemble("halt\nhalt"), {1: "the second"})
    assert text == "halt\n# the second\nhalt\n"


def test_decoding_gives_the_golden_model_its_instructions():
    step = Instruction(opcode=Opcode.MATMUL, first=AccumulateOperation.MAX, y_start=-3, wait=1)
    assert decode(encode(step)) == step
    assert decode(0).opcode == 0
    with pytest.raises(ValueError, match=r"^step_ky must be from 0 to 255, not 256$"):
        encode(replace(step, step_ky=256))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("\ntiles_n=1", "line 2: a program must start with matmul, halt or words, not 'tiles_n=1'"),
        ("matmul\nhello=3", "line 2: there is no field 'hello'; they are opcode, first, rest, "),
        ("matmul tiles_n", "line 1: tiles_n must have a value, as in tiles_n=1"),
        ("matmul tiles_n=x", "line 1: a number is written like 12, -3 or 0x1f, not 'x'"),
        ("matmul\n\n tiles_n=65536", "line 3: tiles_n must be from 0 to 65535, not 65536"),
        ("matmul padding=-129", "line 1: padding must be from -128 to 127, not -129"),
        ("matmul drain=2", "line 1: drain must be from 0 to 1, not 2"),
        ("matmul rest=sub", "line 1: rest must be one of set, add, shift_add, max, not 'sub'"),
        ("matmul wait wait", "line 1: wait must be given once, not again as 'wait'"),
        ("halt\nwords 1 2 3\nhalt", "line 2: words must be followed by 16 words, not 3"),
        ("words 0x100000000", "line 1: a word must be from 0 to 0xffffffff, not 0x100000000"),
    ],
)
def test_what_is_no_program_is_told_with_its_line(text, sentence):
    with pytest.raises(UserError) as caught:
        assemble(text)
    assert str(caught.value).startswith(sentence)


def test_a_part_of_an_instruction_is_refused():
    with pytest.raises(UserError, match=r"^a program must have a multiple of 16 words, not 17$"):
        disassemble([2] * 17)
