"""`lastbit asic`: the engine as standard cells of a Liberty file."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flow.engine_options import SCHEMES, engine_config, engine_options
from flow.errors import user_input

if TYPE_CHECKING:
    from flow.asic import AsicResult

__all__ = ["command"]


@click.command("asic")
@click.option(
    "--liberty",
    type=click.Path(path_type=Path),
    required=True,
    help="Liberty file of the standard cells.",
)
@engine_options(rows=4, cols=4, lanes=1, depth=8, schemes=SCHEMES)
@click.option(
    "--period", type=float, default=5.0, show_default=True, help="Clock period asked for, in ns."
)
@click.option(
    "--tinytapeout",
    is_flag=True,
    help="A 2 x 2 engine with power-of-two scales, behind the pins of a TinyTapeout project.",
)
@click.option(
    "--simulate/--no-simulate",
    default=True,
    show_default=True,
    help="Run a product on the netlist and compare it with golden.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Draws that product.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("build/asic"),
    show_default=True,
    help="Folder to write to.",
)
def command(
    liberty: Path,
    engine: dict[str, Any],
    period: float,
    tinytapeout: bool,
    simulate: bool,
    seed: int,
    out: Path,
) -> None:
    """Synthesize the GEMM engine to standard cells; say what it takes, and run a product on it.

    What is synthesized is the engine between its streams. A Liberty file has no memories, so the
    engine's own become flip-flops: keep the depth small. The accelerator, with its memories and
    its link, needs memory macros and is not synthesized here. --tinytapeout sets the sizes itself.

    Writes the netlist, models of its cells, its constraints and a LibreLane configuration. The exit
    status is 1 if the netlist computes anything else than golden.
    """
    from flow.asic import Ports, build_asic
    from flow.asic_files import write_files
    from flow.liberty import read_library
    from golden.scheme import Scheme
    from hw.config import EngineConfig

    with user_input():
        config = engine_config(engine)
        if not 0.1 <= period <= 1000:
            raise ValueError(f"--period must be from 0.1 to 1000 ns, not {period:g}")
        if seed < 0:
            raise ValueError(f"--seed must be 0 or more, not {seed}")
    ports = Ports.STREAMS
    if tinytapeout:
        ports = Ports.TINYTAPEOUT
        config = EngineConfig(rows=2, cols=2, lanes=1, depth=2, schemes=frozenset({Scheme.SHIFT}))
    result = build_asic(config, read_library(liberty), period_ns=period, ports=ports)
    _show(result)
    for path in write_files(result, period, out):
        click.echo(path)
    if simulate:
        (_simulate_pins if tinytapeout else _simulate)(result, seed)


def _show(result: "AsicResult") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    headings = (
        "block",
        "cells",
        "flip-flops",
        "area",
        "of it",
        *(["path, ns"] * bool(result.timing)),
    )
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "block" else "right")
    total = result.netlist.total
    for name, block in {**result.blocks, "all": total}.items():
        cells = [name, f"{block.cells.total()}", f"{block.flip_flops}", f"{block.area:.0f}"]
        cells.append(f"{block.area / total.area:.0%}")
        if result.timing is not None:
            known = name == "all" or name in result.timing.slack
            longest = result.timing.shortest_period(None if name == "all" else name) if known else 0
            cells.append(f"{longest:.2f}" if known else "-")
        table.add_row(*cells)
    Console(highlight=False, width=100).print(table)
    kinds = ", ".join(f"{count} {name}" for name, count in total.cells.most_common(5))
    click.echo(f"most cells: {kinds}")
    click.echo(
        f"{result.netlist.bits_of_memory()} bits of memory became flip-flops; one clock, no latch, "
        "no gated clock, no asynchronous reset"
    )
    if result.timing is None:
        if result.netlist.estimate is not None:
            click.echo(
                f"longest path {result.netlist.estimate:.2f} ns as ABC estimates it inside one "
                "module, without flip-flops"
            )
        click.echo("no timing and no power without OpenSTA; get it with `apt-get install opensta`")
        return
    from flow.gate_timing import ACTIVITY

    power = result.timing.power
    click.echo(
        f"before layout, without wires: {1000 / result.timing.shortest_period():.0f} MHz; "
        f"{1000 * power[3]:.1f} mW at {result.timing.period:g} ns with {ACTIVITY:g} transitions of "
        f"a net in a cycle, of which {1e6 * power[2]:.1f} uW leak"
    )


def _simulate_pins(result: "AsicResult", seed: int) -> None:
    from flow.asic import gate_simulator, run_gate_pins

    run = run_gate_pins(result.config, result.netlist, simulator=gate_simulator(), seed=seed)
    if run.failures:
        click.echo(f"the netlist fails: {run.failures[0].message.splitlines()[0]}; {run.log}")
        raise click.exceptions.Exit(1)
    click.echo("the netlist gives golden's results through the pins, to the last bit")


def _simulate(result: "AsicResult", seed: int) -> None:
    from tempfile import TemporaryDirectory

    from flow.asic import gate_simulator, run_gate_job, telling_job
    from sim.simulator import Simulator

    job = telling_job(result.config, seed)
    simulator = gate_simulator()
    measures = result.timing is not None and simulator is Simulator.ICARUS
    with TemporaryDirectory(prefix="lastbit-waves-") as name:
        waves = Path(name, "waves.vcd") if measures else None
        outputs = run_gate_job(job, result.netlist, simulator=simulator, waves=waves).outputs
        wrong = int((outputs != job.golden()).sum())
        scheme = job.requantization.scheme.value
        what = f"{job.activations.shape} x {job.weights.shape}, {scheme}"
        if wrong:
            click.echo(
                f"the netlist differs from golden in {wrong} of {outputs.size} results of {what}"
            )
            raise click.exceptions.Exit(1)
        click.echo(
            f"the netlist gives the {outputs.size} results of golden for {what}, to the last bit"
        )
        if waves is not None:
            _show_power(result, waves)


def _show_power(result: "AsicResult", waves: Path) -> None:
    from flow.gate_power import measured_power, read_activity

    assert result.timing is not None
    activity = read_activity(waves, result.netlist)
    total = measured_power(result.netlist, result.timing.period, activity)[3]
    click.echo(
        f"{1000 * total:.1f} mW at {result.timing.period:g} ns as it does so: {activity.mean:.3f} "
        f"transitions of a net in a cycle, over {activity.cycles} cycles"
    )
