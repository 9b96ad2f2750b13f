"""The predicted cycles are those that the hardware counts."""

from dataclasses import replace

import numpy as np
import pytest

from flow.compiler import compile_graph
from flow.cycles import predict_cycles
from flow.hardware_verilog import TOP, accelerator_verilog
from flow.host import Host
from flow.instruction_words import program_words
from flow.random_graphs import random_graph
from flow.random_programs import random_program
from golden.accumulate_operation import AccumulateOperation
from golden.instruction import Instruction, Opcode
from hw.accelerator_config import AcceleratorConfig
from hw.config import EngineConfig
from hw.host_port import HostMemory
from hw.multiplier_kind import MultiplierKind
from sim.simulated_link import open_link
from sim.simulator import Simulator

SIZES = {"weight_words": 96, "parameter_words": 48, "program_words": 1024, "activation_bytes": 512}
HALT = Instruction(opcode=Opcode.HALT)
STEP = Instruction(
    opcode=Opcode.MATMUL, drain=1, width=1, last_width=1,
    **dict.fromkeys(("tiles_n", "steps_ky", "steps_kx", "steps_kc", "rows_y", "rows_x"), 1),
)  # fmt: skip


def configuration(rows, cols, depth, sizes=SIZES, **engine):
    return AcceleratorConfig(
        EngineConfig(rows=rows, cols=cols, depth=depth, statistics=True, **engine), **sizes
    )


def random_programs(config, count, seed):
    for n in range(count):
        yield random_program(np.random.default_rng([seed, n]), config)


def directed_programs(config):
    """Programs that come to limits which random ones hardly ever meet."""
    tiles_of_weights = config.weight_words // config.engine.rows
    tiles_n = min(24, tiles_of_weights, config.parameter_words // config.engine.cols)
    wait = replace(STEP, wait=1)
    yield [*[STEP] * 20, wait, wait, *[STEP] * 20, HALT]  # as many under way as can be counted
    yield [replace(STEP, tiles_n=tiles_n), HALT]  # as many drains as there are parameter entries
    add = replace(STEP, first=AccumulateOperation.ADD, rest=AccumulateOperation.ADD)
    # Words of weights wait at the reader's end while it is to take the next run.
    long_run = replace(add, tiles_n=min(2, tiles_n), steps_kc=min(8, tiles_of_weights // 2))
    yield [replace(STEP, tiles_n=min(3, tiles_n)), replace(STEP, drain=0), long_run, HALT]


def random_networks(config, count, seed):
    rng = np.random.default_rng([seed])
    made = 0
    while made < count:
        try:
            program = compile_graph(random_graph(rng), config)
        except ValueError:  # it does not fit
            continue
        made += 1
        yield program.instructions


def assert_counted(config, programs):
    """Every program's counters in a simulator are the predicted ones."""
    if (missing := Simulator.VERILATOR.missing()) is not None:
        pytest.skip(missing)
    with open_link(accelerator_verilog(config), TOP, simulator=Simulator.VERILATOR) as link:
        host = Host(link, timeout=1e-3, attempts=2)
        for n, program in enumerate(programs):
            host.write(HostMemory.PROGRAM, 0, np.array(program_words(program)))
            host.run(0)
            host.wait(1e-2)
            counted, predicted = host.counters(), predict_cycles(program, config)
            assert counted["cycles"] == predicted.cycles, f"program {n}"
            if predicted.drained:
                expected = predicted.counters()
                assert {name: counted[name] for name in expected} == expected, f"program {n}"


@pytest.mark.long
@pytest.mark.parametrize(
    ("rows", "cols", "depth", "options"),
    [
        (1, 1, 2, {}),
        (3, 4, 9, {}),
        (4, 3, 16, {}),
        (3, 6, 9, {"lanes": 3}),
        (6, 4, 33, {"lanes": 1, "group": 1}),
        (8, 8, 512, {}),
        (8, 12, 64, {"lanes": 2, "group": 2}),
        (2, 16, 8, {}),
        (12, 2, 8, {}),
        (12, 3, 16, {"multiplier": MultiplierKind.ECP5}),
        (20, 2, 8, {"multiplier": MultiplierKind.ECP5, "lanes": 1}),
    ],
)
def test_random_programs_take_the_predicted_cycles_on_any_array(rows, cols, depth, options):
    config = configuration(rows, cols, depth, **options)
    assert_counted(config, [*directed_programs(config), *random_programs(config, 150, seed=2)])


@pytest.mark.long
@pytest.mark.parametrize(
    ("rows", "cols", "depth", "options"),
    [(8, 8, 512, {}), (5, 3, 20, {}), (4, 8, 48, {"lanes": 2})],
)
def test_random_networks_take_the_predicted_cycles(rows, cols, depth, options):
    sizes = {"weight_words": 8192, "parameter_words": 1024, "program_words": 8192}
    config = configuration(rows, cols, depth, sizes, **options)
    assert_counted(config, random_networks(config, 60, seed=3))


@pytest.mark.parametrize(
    ("rows", "passes", "expected"),
    [(1, 1, 88), (8, 1, 95), (8, 2, 103), (64, 10, 727), (4, 10, 163)],
)
def test_a_product_on_the_default_array(rows, passes, expected):
    """Rows of all passes, of 8 cycles at least, and a constant."""
    program = [replace(STEP, rows_x=rows, steps_kc=passes, rest=AccumulateOperation.ADD), HALT]
    assert predict_cycles(program, AcceleratorConfig()).cycles == expected


def test_a_bigger_product_takes_as_many_more_cycles_as_it_has_rows():
    counts = [
        predict_cycles([replace(STEP, rows_x=256, steps_kc=n), HALT], AcceleratorConfig()).cycles
        for n in (1, 100)
    ]
    assert counts[1] - counts[0] == 99 * 256


@pytest.mark.parametrize(
    ("program", "sentence"),
    [
        ([STEP], "a program must have a HALT, which none of the 1 steps is"),
        ([STEP, replace(STEP, tiles_n=0), HALT], "instruction 1 must be legal, not .* for count"),
        ([replace(STEP, rows_x=513), HALT], "instruction 0 must be legal, not stopped for rows"),
    ],
)
def test_refuses_programs_that_do_not_come_to_halt(program, sentence):
    with pytest.raises(ValueError, match=sentence):
        predict_cycles(program, AcceleratorConfig())
