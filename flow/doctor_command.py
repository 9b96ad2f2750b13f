"""`lastbit doctor`: what is installed, what is missing and how to get it."""

import click
from rich.console import Console
from rich.progress import track
from rich.table import Table

from flow.doctor import Finding, Need, examine
from flow.tools import TOOLS

__all__ = ["command"]


@click.command(name="doctor")
def command() -> None:
    """Try every tool that lastbit uses; say what is missing and how to get it.

    The exit status is 0 if all required tools work, else 1.
    """
    progress = Console(stderr=True)
    findings = [
        examine(tool)
        for tool in track(
            TOOLS, "trying", console=progress, transient=True, disable=not progress.is_terminal
        )
    ]
    Console(highlight=False).print(_table(findings))
    missing = [finding for finding in findings if not finding.is_usable]
    for finding in missing:
        tool = finding.tool
        click.echo(f"{tool.need.value} {tool.name}: {finding.problem}; {tool.remedy}")
    if any(finding.tool.need is Need.REQUIRED for finding in missing):
        raise click.exceptions.Exit(1)
    click.echo("everything that is required works")


def _table(findings: list[Finding]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("tool", "version", "what for"):
        table.add_column(heading)
    for finding in findings:
        required = finding.tool.need is Need.REQUIRED
        style = None if finding.is_usable else ("red" if required else "yellow")
        table.add_row(
            finding.tool.name,
            finding.version or ("missing" if required else "none"),
            finding.tool.purpose,
            style=style,
        )
    return table
