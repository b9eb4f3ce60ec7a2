"""`./gendan torture`: every fault, over and over, at a system of its own; prints the figures."""

import json
import random
import tempfile
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from deploy.commands.report_file import ReportFile

if TYPE_CHECKING:
    from tests.faults.torment import Figures


@click.command("torture")
@click.option("--minutes", type=click.FloatRange(0.5, 24 * 60), default=20.0, show_default=True)
@click.option("--seed", type=int, help="Of the order of faults and the clients' choices.")
@click.option("--clients", type=click.IntRange(1, 32), default=4, show_default=True)
@click.option("--json", "report", type=ReportFile())
def command(minutes: float, seed: int | None, clients: int, report: Path | None) -> None:
    """Strike every fault while clients work, then compare all books.

    Starts engines and a system of its own, which are removed afterwards.
    """
    # Said at every import by what nameko stands on; known and decided (ARCHITECTURE §6).
    warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
    # The faults live with the tests, which strike each of them once.
    from tests.faults.torment import torment

    seed = random.SystemRandom().randrange(10**6) if seed is None else seed
    click.echo(f"seed {seed}, {minutes:g} minutes, {clients} clients")
    with tempfile.TemporaryDirectory(prefix="gendan-torture-") as folder:
        figures = torment(Path(folder), minutes=minutes, seed=seed, clients=clients, say=click.echo)
    _print(figures)
    if report is not None:
        document = {
            "accepted": figures.accepted,
            "faults": figures.faults,
            "lost": figures.lost,
            "twice": figures.twice,
            "wrong": figures.wrong,
            "audit_differences": figures.audit_differences,
            "recovery_s_max": round(figures.recovery_s_max, 1),
            "seed": seed,
            "minutes": minutes,
            "clients": clients,
            "by_fault": [asdict(each) for each in figures.rows],
            "differences": figures.differences,
        }
        report.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n")
    if figures.lost or figures.twice or figures.wrong or figures.audit_differences:
        raise click.exceptions.Exit(1)


def _print(figures: "Figures") -> None:
    table = Table("fault", box=None)
    for heading in ("struck", "accepted", "wrong", "lost", "twice", "seconds until whole"):
        table.add_column(heading, justify="right")
    for row in figures.rows:
        table.add_row(
            row.fault,
            *(str(value) for value in (row.struck, row.accepted, row.wrong, row.lost, row.twice)),
            f"{row.seconds_until_whole:.1f}",
        )
    Console(width=110, highlight=False).print(table)
    click.echo(
        f"{figures.accepted} commands accepted under {figures.faults} faults: {figures.lost} lost, "
        f"{figures.twice} twice, {figures.wrong} wrong; {figures.audit_differences} differences "
        f"in the books; whole again after at most {figures.recovery_s_max:.1f} s"
    )
    for difference in figures.differences:
        click.echo(f"  {difference}")
