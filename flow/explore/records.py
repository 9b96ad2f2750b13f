"""Results as flat records: for `results.json`, `results.csv`, and the columns of tables."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from flow.explore.point import Design
from flow.explore.space import Refused
from flow.explore.summary import Summary

__all__ = ["csv_text", "design_fields", "json_text", "point_records"]


def design_fields(design: Design) -> dict[str, Any]:
    """The parameters of a design, by the names of the axes."""
    config = design.config
    engine = config.engine
    return {
        "part": design.part,
        "speed": design.speed,
        "rows": engine.rows,
        "cols": engine.cols,
        "group": engine.group,
        "lanes": engine.lanes,
        "schemes": "+".join(sorted(scheme.value for scheme in engine.schemes)),
        "multiplier": engine.multiplier.value,
        "dsp_rows": "all" if engine.dsp_rows is None else engine.dsp_rows,
        "dsp_cols": "all" if engine.dsp_cols is None else engine.dsp_cols,
        "depth": engine.depth,
        "activation_bytes": config.activation_bytes,
        "weight_words": config.weight_words,
        "parameter_words": config.parameter_words,
        "program_words": config.program_words,
    }


def point_records(summaries: Sequence[Summary]) -> list[dict[str, Any]]:
    """One record for each design and seed; None where a number is not known."""
    return [
        {
            **design_fields(each.design),
            "seed": seed,
            "outcome": found.outcome.value,
            "mhz": found.fmax,
            **{
                name: getattr(found.counts, name, None)
                for name in ("luts", "flip_flops", "multipliers", "memories", "lut_memories")
            },
            "cycles": each.design.work.cycles,
            "products": each.design.work.products,
            "seconds": round(found.seconds, 1),
            "reason": found.reason,
        }
        for each in summaries
        for seed, found in each.found.items()
    ]


def _design_record(each: Summary) -> dict[str, Any]:
    return {
        **design_fields(each.design),
        "outcome": each.outcome.value,
        "mhz": each.fmax,
        "inferences_per_second": each.inferences,
        "gmacs": each.gmacs,
        "on_front": each.on_front,
    }


def json_text(
    facts: Mapping[str, str], summaries: Sequence[Summary], refused: Sequence[Refused]
) -> str:
    """All of it; `designs` have medians over the seeds of `points`."""
    told = {
        **facts,
        "designs": [_design_record(each) for each in summaries],
        "points": point_records(summaries),
        "left_out": [{"name": each.name, "reason": each.reason} for each in refused],
    }
    return json.dumps(told, indent=1) + "\n"


def csv_text(summaries: Sequence[Summary]) -> str:
    """The points, with a line of names; nothing where a number is not known."""
    records = point_records(summaries)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(records[0]) if records else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()
