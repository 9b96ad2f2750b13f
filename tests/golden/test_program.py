from dataclasses import fields, replace

import numpy as np
import pytest

from golden.accumulate_operation import AccumulateOperation
from golden.channel_parameters import ChannelParameters
from golden.instruction import IllegalInstructionError, Instruction, Opcode
from golden.program import Counters, Interpreter, Memories, WriteTime, run_program
from golden.program_error import ProgramError
from golden.rounding import Rounding
from golden.scheme import Scheme

SET, ADD, SHIFT_ADD, MAX = AccumulateOperation
HALT = Instruction(opcode=Opcode.HALT)
UNCHANGED = ChannelParameters(
    scheme=Scheme.SHIFT,
    bias=0,
    multiplier=None,
    shift=0,
    tie=Rounding.HALF_EVEN,
    zero_point=0,
    low=-128,
    high=127,
)
ONE = Instruction(
    opcode=Opcode.MATMUL,
    first=SET,
    rest=ADD,
    drain=1,
    output_address=8,
    tiles_n=1,
    steps_ky=1,
    steps_kx=1,
    steps_kc=1,
    rows_y=1,
    rows_x=1,
    width=1,
    last_width=1,
    image_rows=1,
    row_bytes=8,
)
"""One byte times one weight."""


def run_one(*program, activation=(3,), weights=(1,), parameters=(UNCHANGED,), **options):
    """Run a program on an array of 1 x 1; returns its memory and counters."""
    memory = np.zeros(16, np.int8)
    memory[: len(activation)] = activation
    memories = Memories(memory, np.array(weights, np.int8).reshape(-1, 1), list(parameters))
    counters = run_program([*program, HALT], memories, rows=1, cols=1, depth=4, **options)
    return memory, counters


def naive(step, memory, weights, parameters, rows, cols):
    """The loop nest of the documentation, byte by byte, with SET and ADD; returns the memory."""
    memory, before = memory.copy(), memory.copy()
    word = step.weight_address
    for n in range(step.tiles_n):
        sums = {}
        for ky, kx, kc in np.ndindex(step.steps_ky, step.steps_kx, step.steps_kc):
            for y, x in np.ndindex(step.rows_y, step.rows_x):
                row = step.y_start + y * step.step_y + ky * step.step_ky
                offset = step.x_start + x * step.step_x + kx * step.step_kx
                offset += kc * step.step_kc + n * step.step_n
                for i, c in np.ndindex(rows, cols):
                    value = step.padding
                    if 0 <= row < step.image_rows and 0 <= offset + i < step.row_bytes:
                        place = step.activation_address + row * step.row_bytes + offset + i
                        value = int(before[place])
                    product = value * int(weights[word + i, c])
                    sums[y, x, c] = sums.get((y, x, c), 0) + product
            word += rows
        width = step.last_width if n == step.tiles_n - 1 else step.width
        for y, x in np.ndindex(step.rows_y, step.rows_x):
            for c in range(width):
                p = parameters[step.parameter_address + n * cols + c]
                address = step.output_address + y * step.output_pitch_y
                address += x * step.output_pitch_x + n * step.output_step_n + c
                total = (sums[y, x, c] + p.bias) >> p.shift
                memory[address] = min(max(total + p.zero_point, p.low), p.high)
    return memory


def random_step(rng):
    counts = {
        name: int(rng.integers(1, 4))
        for name in ("tiles_n", "steps_ky", "steps_kx", "steps_kc", "rows_y", "rows_x")
    }
    steps = {
        name: int(rng.integers(0, 7))
        for name in ("step_x", "step_kx", "step_kc", "step_n", "step_y", "step_ky")
    }
    return replace(
        ONE,
        **counts,
        **steps,
        padding=int(rng.integers(-128, 128)),
        weight_address=int(rng.integers(0, 9)),
        parameter_address=int(rng.integers(0, 5)),
        activation_address=int(rng.integers(0, 20)),
        output_address=int(rng.integers(300, 320)),
        width=int(rng.integers(1, 4)),
        last_width=int(rng.integers(1, 4)),
        x_start=int(rng.integers(-9, 9)),
        y_start=int(rng.integers(-4, 4)),
        image_rows=int(rng.integers(0, 8)),
        row_bytes=int(rng.integers(0, 30)),
        output_step_n=int(rng.integers(0, 20)),
        output_pitch_y=int(rng.integers(0, 30)),
        output_pitch_x=int(rng.integers(0, 9)),
    )


@pytest.mark.parametrize("seed", range(40))
def test_a_matmul_is_the_documented_loop_nest(seed):
    rng = np.random.default_rng(seed)
    memory = rng.integers(-128, 128, 500).astype(np.int8)
    weights = rng.integers(-128, 128, (9 + 81 * 4, 3)).astype(np.int8)
    floor = replace(UNCHANGED, shift=9, tie=Rounding.HALF_UP)
    # Half an output less in the bias, so that rounding half up is rounding down.
    biases = rng.integers(-5000, 5000, 14).tolist()
    parameters = [replace(floor, bias=int(bias), zero_point=7, low=-90) for bias in biases]
    step = random_step(rng)
    shifted = [replace(p, bias=p.bias + 256) for p in parameters]
    expected = naive(step, memory, weights, shifted, 4, 3)
    run_program([step, HALT], Memories(memory, weights, parameters), rows=4, cols=3, depth=9)
    np.testing.assert_array_equal(memory, expected)


@pytest.mark.parametrize(
    ("first", "rest", "weights", "expected"),
    [
        (SET, ADD, [1, 2, 3], [18]),
        (SET, SET, [1, 2, 3], [9]),
        (SET, MAX, [2, -1, 1], [6]),
        (SET, MAX, [-2, -1, -3], [-3]),
        (SET, SHIFT_ADD, [0, 1, -128], [3 * 256 - 3 * 128]),
        (SHIFT_ADD, ADD, [1, 0, 0], [100 * 256 + 3]),
        (ADD, ADD, [1, 1, 1], [109]),
        (MAX, MAX, [1, 40, 2], [120]),
    ],
)
def test_operations_go_on_from_what_an_instruction_without_drain_left(
    first, rest, weights, expected
):
    left = replace(ONE, drain=0)
    step = replace(ONE, first=first, rest=rest, steps_kx=3, weight_address=1)
    wide = replace(UNCHANGED, shift=8)
    low_and_high = []
    for parameters in (UNCHANGED, wide):
        memory, counters = run_one(
            replace(left, activation_address=1),
            step,
            activation=(3, 100),
            weights=(1, *weights),
            parameters=[parameters],
        )
        low_and_high.append(counters.largest)
    assert low_and_high == [abs(expected[0])] * 2
    assert memory[8] == np.clip(np.rint(expected[0] / 256), -128, 127)


@pytest.mark.parametrize(("bits", "largest"), [(32, 1 << 31), (16, 1 << 15)])
def test_accumulators_wrap(bits, largest):
    step = replace(ONE, rest=SHIFT_ADD, steps_kx=bits // 8)
    weights = (64, *[0] * 3)
    memory, counters = run_one(
        step, activation=(2,), weights=weights[: bits // 8], accumulator_bits=bits
    )
    assert (counters.largest, memory[8]) == (largest, -128)


def test_what_is_counted():
    words = [replace(UNCHANGED, shift=1, zero_point=100)]
    step = replace(ONE, rows_x=4, step_x=1, output_pitch_x=1)
    memory, counters = run_one(step, activation=(3, 70, -128, -5), parameters=words)
    np.testing.assert_array_equal(memory[8:12], [102, 127, 36, 98])
    assert counters == Counters(passes=1, saturated_high=1, ties=2, largest=128)
    _, counters = run_one(step, activation=(-128, 1, 2, 3), weights=(2,))
    assert counters == Counters(passes=1, saturated_low=1, largest=256)


def test_columns_that_are_not_written_are_counted():
    memories = Memories(np.full(16, 2, np.int8), np.full((1, 2), 100, np.int8), [UNCHANGED] * 2)
    counters = run_program([ONE, HALT], memories, rows=1, cols=2, depth=2)
    assert counters.saturated_high == 2
    np.testing.assert_array_equal(memories.activation[8:10], [127, 2])


def test_a_program_that_does_not_wait_reads_what_was_there_before():
    copy = replace(ONE, activation_address=8, output_address=9)
    for wait, write_time, expected in (
        (0, WriteTime.AT_ONCE, 3),
        (1, WriteTime.AT_WAIT, 3),
        (0, WriteTime.AT_WAIT, 0),
    ):
        memory, _ = run_one(ONE, replace(copy, wait=wait), write_time=write_time)
        assert (memory[8], memory[9]) == (3, expected)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"opcode": 7}, ProgramError.OPCODE),
        ({"steps_kc": 0}, ProgramError.COUNT),
        ({"rows_x": 5}, ProgramError.ROWS),
        ({"last_width": 2}, ProgramError.WIDTH),
        ({"weight_address": 1}, ProgramError.WEIGHT_ADDRESS),
        ({"steps_kx": 2}, ProgramError.WEIGHT_ADDRESS),
        ({"parameter_address": 1}, ProgramError.PARAMETER_ADDRESS),
        ({"activation_address": 16}, ProgramError.ACTIVATION_ADDRESS),
        ({"row_bytes": 17}, ProgramError.IMAGE),
        ({"image_rows": 17}, ProgramError.IMAGE),
        ({"x_start": -17}, ProgramError.IMAGE),
        ({"x_start": 16}, ProgramError.IMAGE),
        ({"y_start": -17, "weight_address": 1}, ProgramError.IMAGE),
        ({"y_start": 16, "padding": 1}, ProgramError.IMAGE),
        ({"x_start": 15, "activation_address": 1, "row_bytes": 16},
         ProgramError.ACTIVATION_ADDRESS),
        ({"y_start": 15, "image_rows": 16, "row_bytes": 2}, ProgramError.ACTIVATION_ADDRESS),
        ({"output_address": 16}, ProgramError.OUTPUT_ADDRESS),
        ({"rows_x": 2, "output_pitch_x": 9}, ProgramError.OUTPUT_ADDRESS),
    ],
)  # fmt: skip
def test_an_illegal_instruction_is_named_with_its_place(change, error):
    with pytest.raises(
        IllegalInstructionError, match=rf"^instruction 1 is illegal: {error.name.lower()}$"
    ) as caught:
        run_one(ONE, replace(ONE, **change))
    assert (caught.value.error, caught.value.index) == (error, 1)


@pytest.mark.parametrize(
    "change",
    [
        {"activation_address": 16, "row_bytes": 0},
        {"activation_address": 16, "image_rows": 0},
        {"x_start": -1, "activation_address": 16},
        {"x_start": -16, "y_start": -16, "row_bytes": 16, "image_rows": 16},
        {"x_start": 15, "y_start": 15},
        {"weight_address": 0, "parameter_address": 9, "drain": 0},
    ],
)
def test_addresses_that_are_not_used_are_not_checked(change):
    run_one(replace(ONE, **change))


def test_a_program_without_halt_leaves_its_memory():
    memories = Memories(np.zeros(16, np.int8), np.ones((1, 1), np.int8), [UNCHANGED])
    with pytest.raises(IllegalInstructionError, match=r"^instruction 1 .*: program_address$"):
        Interpreter(memories, rows=1, cols=1, depth=4).run([ONE])


def test_weights_must_be_as_wide_as_the_array():
    memories = Memories(np.zeros(16, np.int8), np.ones((1, 2), np.int8), [])
    with pytest.raises(ValueError, match=r"^weights must have 3 columns as the array has, not"):
        Interpreter(memories, rows=1, cols=3, depth=4)


def test_every_field_matters_or_is_named_here():
    """A field that no test changes from its default would be a hole in the tests above."""
    rng = np.random.default_rng(0)
    drawn = [random_step(rng) for _ in range(20)]
    fixed = {f.name for f in fields(Instruction) if len({getattr(s, f.name) for s in drawn}) == 1}
    assert fixed == {"opcode", "first", "rest", "drain", "wait"}
