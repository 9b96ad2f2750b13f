"""Which designs a space has, and what they have to do."""

import pytest
from deployed_networks import padded_network

from flow.compiler import compile_graph
from flow.example_networks import keyword_network, product
from flow.explore.axes import parse_axes
from flow.explore.point import Work
from flow.explore.records import design_fields
from flow.explore.space import designs_of
from flow.explore.workload import Workload, load_workload
from flow.graph_file import save_graph
from flow.model_file import load_model
from flow.model_graph import partition_model
from flow.performance import network_performance
from golden.kernels.registry import KernelSets
from golden.scheme import Scheme
from hw.config import EngineConfig
from hw.multiplier_kind import MultiplierKind

SMALL = load_workload("8x8x8")


def designs(workload=SMALL, **axes):
    return designs_of(parse_axes(axes), workload)


def test_every_legal_combination_is_there_once():
    found = designs(rows="4,6", cols="2", lanes="1,2,all", multiplier="native,ecp5")
    engines = [design.config.engine for design in found.designs]
    told = [(e.rows, e.group, e.cols, e.lanes, e.multiplier.value) for e in engines]
    assert told == [
        (rows, group, 2, lanes, "ecp5") for rows, group in ((4, 4), (6, 2)) for lanes in (1, 2)
    ]
    assert not found.refused


def test_a_part_has_its_own_multiplier_and_speed():
    parts = "iCE40UP5K,LFE5U-25F"
    kinds = [kind.value for kind in MultiplierKind]
    ecp5 = [kind for kind in kinds if kind.startswith("ecp5")]
    asked = ",".join(["native", *ecp5])
    found = designs(part=parts, rows="4", cols="2", multiplier=asked, speed="slowest,7")
    told = {(d.part, d.speed, d.config.engine.multiplier.value) for d in found.designs}
    assert told == {
        ("iCE40UP5K", "", "ice40" if "ice40" in kinds else "portable"),
        *(("LFE5U-25F", speed, kind) for speed in ("6", "7") for kind in ecp5),
    }
    assert {each.reason for each in found.refused} == {
        *(
            f"multiplier {kind} must go into a part of that family, not into iCE40UP5K: "
            "take portable"
            for kind in ecp5
        ),
        "speed of iCE40UP5K must be one of slowest, not 7",
    }


def test_what_is_illegal_is_left_out_with_the_sentence_of_the_check():
    found = designs(rows="4,65", cols="4", group="most,3", weight_words="enough,8")
    assert len(found.designs) == 1
    told = {(each.name, each.reason) for each in found.refused}
    assert ("65x4, LFE5U-85F", "rows must be from 1 to 64, not 65") in told
    assert (
        "4x4, LFE5U-85F, group 3", "rows must be grouped by 1, 2 or 4, not 3"
    ) in told  # fmt: skip
    (memory,) = (reason for name, reason in told if name == "4x4, LFE5U-85F, weight words 8")
    assert "weight_words" in memory


def test_memories_suffice_and_cycles_are_those_of_the_model():
    engine = EngineConfig(rows=8, cols=8, lanes=2)
    config, work = load_workload("keyword").fit(engine, {"program_words": 4096})
    assert config.program_words == 4096
    program = compile_graph(keyword_network(), config)
    done = network_performance(keyword_network(), program)
    assert work == Work(done.cycles, done.products)
    assert config.weight_words < len(program.weights) * 1.25
    with pytest.raises(ValueError, match="weight_words"):
        load_workload("keyword").fit(engine, {"weight_words": 1000})


def test_parts_of_a_model_take_their_cycles_together_and_share_the_memories():
    engine = EngineConfig(rows=4, cols=4)
    parts = [product(8, 8, 8), product(16, 8, 8), product(8, 32, 8)]
    works = [Workload("", lambda engine, part=part: [part]).fit(engine, {})[1] for part in parts]
    config, together = Workload("", lambda engine: parts).fit(engine, {})
    assert together.cycles == sum(work.cycles for work in works)
    assert together.products == sum(work.products for work in works) == 8 * 8 * (8 + 16 + 32)
    assert config == Workload("", lambda engine: [parts[2]]).fit(engine, {})[0]


def test_a_network_of_a_file_is_run(tmp_path):
    save_graph(tmp_path / "mine.npz", product(8, 8, 8))
    mine = load_workload(str(tmp_path / "mine.npz"))
    assert mine.fit(EngineConfig(), {}) == SMALL.fit(EngineConfig(), {})


def test_an_array_may_have_multipliers_of_two_kinds():
    found = designs(rows="8", cols="2", dsp_rows="4,all")
    told = [design_fields(design)["dsp_rows"] for design in found.designs]
    assert [design.config.engine.dsp_size for design in found.designs] == [(4, 2), (8, 2)]
    assert told == [4, "all"]


def test_schemes_are_joined_by_a_plus():
    found = designs(rows="4", cols="4", schemes="float32,all,shift+float32")
    told = [design.config.engine.schemes for design in found.designs]
    assert told == [
        {Scheme.FLOAT32},
        {Scheme.FLOAT32, Scheme.FIXED, Scheme.SHIFT},
        {Scheme.SHIFT, Scheme.FLOAT32},
    ]


def test_a_deployed_model_is_run_by_the_arithmetic_of_its_runtime(tmp_path):
    path = tmp_path / "padded.tflite"
    path.write_bytes(padded_network())
    engine = EngineConfig(rows=3, cols=4, depth=32)
    config, work = load_workload(str(path)).fit(engine, {})
    kernels = KernelSets.LITERT.kernels
    partition = partition_model(load_model(path), kernels, engine, batch=1)
    cycles = [
        network_performance(step.graph, compile_graph(step.graph, config)).cycles
        for step in partition.hardware
    ]
    assert work.cycles == sum(cycles) > 0
