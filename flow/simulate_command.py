"""`lastbit simulate`: the testbenches, with progress and a summary."""

import os
import secrets
from pathlib import Path

import click

from flow.errors import UserError
from flow.parts import Family

__all__ = ["command"]

_SIMULATORS = ("verilator", "icarus")


@click.command("simulate")
@click.argument("testbench", nargs=-1)
@click.option(
    "--simulator",
    type=click.Choice(_SIMULATORS),
    help="Where it runs.  [default: verilator; icarus for a netlist, where it is installed]",
)
@click.option(
    "--netlist",
    type=click.Choice([family.value for family in Family]),
    help="Run what is placed and routed, of this FPGA family, instead of the Verilog.",
)
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="Seed.  [default: a new one]")
@click.option(
    "--waves",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write a .vcd file of each case to this folder.",
)
@click.option("--all", "with_long", is_flag=True, help="Run the long configurations as well.")
@click.option("--list", "only_list", is_flag=True, help="List what there is, and run nothing.")
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    default=os.cpu_count() or 1,
    help="Cases that run at a time.  [default: one a core]",
)
def command(
    testbench: tuple[str, ...],
    simulator: str | None,
    netlist: str | None,
    seed: int | None,
    waves: Path | None,
    with_long: bool,
    only_list: bool,
    jobs: int,
) -> None:
    """Run testbenches on generated Verilog; all of them, or those named.

    A name is that of a testbench (skew) or of one of its configurations, as --list shows it, after
    a colon (skew:direction=skew,lanes=3,bits=8). Exit status: 0 all passed, 1 something failed.
    """
    from rich.console import Console
    from rich.progress import Progress

    from flow.simulate import choose_cases, run_cases, summary
    from sim.simulator import Simulator

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 120
    cases = choose_cases(testbench, long=with_long or only_list)
    if only_list:
        for case in cases:
            click.echo(case.name + ("  (with --all)" if case.long else ""))
        return
    # A netlist takes Verilator's compiler minutes; Icarus starts at once, with unknown bits.
    at_once = netlist is not None and Simulator.ICARUS.missing() is None
    chosen = Simulator(simulator or ("icarus" if at_once else "verilator"))
    family = None if netlist is None else Family(netlist)
    if (missing := chosen.missing()) is not None:
        raise UserError(missing)
    seed = secrets.randbelow(2**32) if seed is None else seed
    of = "" if family is None else f"netlists of {family.value} in "
    console.print(f"{len(cases)} configurations on {of}{chosen.value}, seed {seed}")

    outcomes = []
    # On a terminal the bar goes away when it is done; elsewhere it would only leave noise.
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("simulating", total=len(cases))
        for outcome in run_cases(
            cases, simulator=chosen, seed=seed, waves=waves, jobs=jobs, family=family
        ):
            outcomes.append(outcome)
            progress.update(bar, advance=1, description=outcome.case.testbench)
            if not outcome.ok:
                console.print(outcome.trouble, style="red", markup=False)
    console.print(summary(outcomes))
    failed = sum(not outcome.ok for outcome in outcomes)
    if failed:
        console.print(f"{failed} of {len(outcomes)} configurations failed", style="red")
        raise click.exceptions.Exit(1)
    if waves is not None:
        console.print(f"waves are in {waves}")
