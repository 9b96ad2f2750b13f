"""Fmax on an ECP5-85F, speed 6: registers around every port, seeds 1 to 3 and their median, MHz."""

import json
import statistics
import subprocess
import sys
from functools import cache
from pathlib import Path

from bench.designs import ACCELERATORS, DESIGNS
from bench.harness import Harness
from bench.timing import print_table
from flow.atomic import atomic_write
from flow.floorplan import place_blocks
from flow.parts import Family, find_part
from flow.place_and_route import find_nextpnr, place_and_route, settings
from flow.synthesis import synthesize
from hw.multiplier_kind import MultiplierKind
from sim.build_cache import content_hash

FOLDER = Path("build/bench/fmax")
PART, PACKAGE, SPEED = "LFE5U-85F", "CABGA756", "6"
SEEDS = (1, 2, 3)
TIMEOUT = 900


def run() -> None:
    """Print the table, and to the terminal each seed as soon as it is known.

    What was measured of the same netlist by the same nextpnr is not measured again, so that a run
    that was ended can be taken up. A seed whose router does not end in time counts as 0.
    """
    rows = []
    for design in (*DESIGNS, *ACCELERATORS):
        netlist = prepare(design)
        found = []
        for seed in SEEDS:
            found.append(measure(netlist, design.frequency, seed))
            print(f"{design.name}, seed {seed}: {found[-1]:.1f}", file=sys.stderr, flush=True)
        shown = [f"{fmax:.0f}" if fmax else "-" for fmax in found]
        rows.append([design.name, *shown, f"{statistics.median(found):.0f}"])
    print_table(["design", *(f"seed {seed}" for seed in SEEDS), "median"], rows)


def prepare(design):
    """Synthesize a design of MULT18X18D instances in its harness; what is known has places."""
    kind = MultiplierKind.ECP5
    name = "".join(letter if letter.isalnum() else "_" for letter in design.name)
    netlist = synthesize(Harness(design.build(kind)), name, Family.ECP5, FOLDER)
    config = design.config(kind)
    if config:
        place_blocks(netlist, config, find_part(PART))
    return netlist


def measure(netlist, frequency, seed):
    """MHz of one seed, 0 if the router did not end in time."""
    text = netlist.path.read_text(encoding="utf-8")
    told = (*settings(netlist), PART, PACKAGE, SPEED, f"{frequency:g}", str(seed))
    key = content_hash(text, _nextpnr(), *told)
    kept = FOLDER / f"{key}.json"
    if kept.exists():
        return json.loads(kept.read_text(encoding="utf-8"))["MHz"]
    routed = place_and_route(
        netlist, find_part(PART), package=PACKAGE, speed=SPEED, frequency=frequency, seed=seed,
        timeout=TIMEOUT,
    )  # fmt: skip
    if routed is None:
        return 0
    with atomic_write(kept) as file:
        json.dump({"netlist": netlist.top, "seed": seed, "MHz": routed.fmax}, file)
    return routed.fmax


@cache
def _nextpnr() -> str:
    told = subprocess.run(
        [find_nextpnr(Family.ECP5), "--version"], capture_output=True, text=True, check=True
    )
    return told.stdout + told.stderr
