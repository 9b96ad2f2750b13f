"""Fmax on an ECP5-85F, speed 6: registers around every port, seeds 1 to 3 and their median, MHz."""

import statistics
from pathlib import Path

from bench.designs import DESIGNS
from bench.harness import Harness
from bench.timing import print_table
from flow.parts import Family, find_part
from flow.place_and_route import place_and_route
from flow.placement import array_places, place_multipliers
from flow.synthesis import synthesize
from hw.multiplier_kind import MultiplierKind

FOLDER = Path("build/bench")
SEEDS = (1, 2, 3)
TIMEOUT = 900


def run() -> None:
    """Print the table. A seed whose router did not end in time counts as 0."""
    rows = []
    for design in DESIGNS:
        for kind in MultiplierKind:
            found = [measure(design, kind, seed) for seed in SEEDS]
            shown = [f"{fmax:.0f}" if fmax else "-" for fmax in found]
            rows.append([design.name, kind.value, *shown, f"{statistics.median(found):.0f}"])
    print_table(["design", "multiplier", *(f"seed {seed}" for seed in SEEDS), "median"], rows)


def measure(design, kind, seed):
    """MHz of one seed, 0 if the router did not end in time."""
    part = find_part("LFE5U-85F")
    netlist = synthesize(Harness(design.build(kind)), "dut", Family.ECP5, FOLDER / "fmax")
    config = design.config(kind)
    places = config and array_places(config, part)
    if places:
        place_multipliers(netlist, config, places)
    routed = place_and_route(
        netlist, part, package="CABGA756", speed="6", frequency=design.frequency, seed=seed,
        timeout=TIMEOUT,
    )  # fmt: skip
    return routed.fmax if routed else 0
