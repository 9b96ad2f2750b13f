"""Instructions in the bits that the memories need."""

import pytest
from amaranth.hdl import Module, Signal
from amaranth.sim import Simulator

from hw.accelerator_config import AcceleratorConfig
from hw.config import EngineConfig
from hw.folded import folded, folded_bits
from hw.instruction import INSTRUCTION
from hw.narrow_instruction import NarrowInstruction

SMALL = AcceleratorConfig(
    EngineConfig(rows=2, cols=2, depth=64),
    activation_bytes=4096, weight_words=512, parameter_words=32, program_words=512,
)
LARGE = AcceleratorConfig(
    EngineConfig(rows=1, cols=64, depth=4096, lanes=1),
    activation_bytes=1 << 24, weight_words=1 << 20, parameter_words=1 << 20,
)


def combinational(value_of, shape, numbers):
    """Return what a function of a signal makes of each number."""
    m, number = Module(), Signal(shape)
    result = Signal(64)
    m.d.comb += result.eq(value_of(number))
    seen = []

    async def ask(context):
        for n in numbers:
            context.set(number, n)
            seen.append(context.get(result))

    simulator = Simulator(m)
    simulator.add_testbench(ask)
    simulator.run()
    return seen


@pytest.mark.parametrize("limit", [1, 2, 7, 8, 100, 4095])
def test_a_number_is_itself_up_to_the_limit_and_above_it_behind(limit):
    numbers = [*range(limit + 2), *(limit + (1 << n) for n in range(16)), 65535]
    found = combinational(lambda value: folded(value, limit), 17, numbers)
    for number, seen in zip(numbers, found, strict=True):
        assert seen == number if number <= limit else limit < seen <= number
        assert seen < 1 << folded_bits(limit)


@pytest.mark.parametrize(
    ("config", "widths"),
    [
        (SMALL, {
            "tiles_n": 9, "steps_ky": 8, "steps_kc": 9, "rows_x": 7, "width": 2,
            "weight_address": 9, "parameter_address": 5, "activation_address": 13,
            "output_address": 13, "output_pitch_x": 13, "x_start": 13,
            "y_start": 13, "step_x": 14, "step_ky": 8, "row_bytes": 13, "image_rows": 13,
        }),
        (LARGE, {
            "tiles_n": 16, "steps_ky": 8, "rows_x": 13, "width": 7, "weight_address": 20,
            "activation_address": 25, "output_step_n": 16, "output_pitch_y": 25,
            "x_start": 25, "y_start": 16, "step_x": 16, "row_bytes": 18,
        }),
    ],
)
def test_fields_have_the_bits_that_the_memories_need(config, widths):
    layout = NarrowInstruction(config)
    assert {name: layout[name].width for name in widths} == widths
    assert [name for name, _ in layout] == [field.name for field in INSTRUCTION.fields]
    assert all(layout[field.name].width <= field.bits for field in INSTRUCTION.fields)


def test_an_address_stays_what_it_is_or_too_large():
    layout = NarrowInstruction(SMALL)
    for name in ("activation_address", "output_pitch_y"):
        numbers = [0, 1, 4095, 4096, 4097, 8192, 1 << 20, (1 << 32) - 1]
        found = combinational(lambda value, n=name: layout.narrowed(n, value), 32, numbers)
        for number, seen in zip(numbers, found, strict=True):
            assert seen == number if number < 4096 else seen >= 4096
