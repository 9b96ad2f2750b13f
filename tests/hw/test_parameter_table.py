
import random

import pytest
from amaranth.hdl import signed
from amaranth.lib import data
from amaranth.sim import Simulator

from hw.parameter_table import ParameterTable

LAYOUT = data.StructLayout({"a": signed(5), "b": 3, "c": 7, "unused": 2})
STAGES = {"a": 0, "b": 3, "c": 3}


@pytest.mark.parametrize("entries", [1, 2, 3, 8])
def test_every_field_comes_at_its_stage_whatever_is_asked_and_written(entries):
    draw = random.Random(entries)
    table = ParameterTable(LAYOUT, stages=STAGES, entries=entries)
    cycles = 200
    writes = [{"index": draw.randrange(entries),
               "a": draw.randrange(-16, 16), "b": draw.randrange(8), "c": draw.randrange(128)}
              for _ in range(cycles)]
    indices = [draw.randrange(entries) for _ in range(cycles)]

    async def testbench(ctx):
        # Every field as it is stored, one dictionary a cycle: a write is seen from the next cycle.
        stored = [{}]
        for cycle in range(cycles):
            write = writes[cycle]
            ctx.set(table.write_en, 1)
            ctx.set(table.write_index, write["index"])
            ctx.set(table.write_word, {name: write[name] for name in STAGES} | {"unused": 0})
            ctx.set(table.index, indices[cycle])
            await ctx.tick()
            stored.append(stored[-1] | {write["index"]: write})
            for name, stage in STAGES.items():
                asked = cycle - stage
                word = stored[cycle].get(indices[asked]) if asked >= 0 else None
                if word:
                    assert ctx.get(getattr(table, name)) == word[name], (cycle, name)

    simulator = Simulator(table)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()


def test_fields_without_a_stage_have_no_port():
    assert "unused" not in ParameterTable(LAYOUT, stages=STAGES, entries=2).signature.members


@pytest.mark.parametrize("entries", [0, 513])
def test_illegal_entries(entries):
    with pytest.raises(ValueError, match=f"^entries must be from 1 to 512, not {entries}$"):
        ParameterTable(LAYOUT, stages=STAGES, entries=entries)
