"""`./gendan bench`: how fast it is, beside yardsticks, on engines and data of its own."""

import json
from pathlib import Path

import click

from deploy.commands.report_file import ReportFile


@click.command("bench")
@click.option(
    "--json",
    "target",
    type=ReportFile(),
    help="Write the figures as one JSON object.",
)
@click.option("--quick", is_flag=True, help="Fewer and shorter rounds: for a first look.")
def command(*, target: Path | None, quick: bool) -> None:
    """Measure calls, submits, reads, searches and rest; print medians and ratios."""
    # What is measured with stands with the tests and needs what they need.
    from tests.bench import run

    figures = run.measure(run.QUICK if quick else run.Extent(), click.echo)
    for line in run.told(figures):
        click.echo(line)
    if target is not None:
        target.write_text(json.dumps(figures, indent=2) + "\n")
