"""`./gendan audit`: compare the books of all services, name each difference, mend what is safe."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from deploy.commands.report_file import ReportFile
from deploy.local import records
from deploy.local.broker import tls_to
from deploy.local.instance import Instance
from deploy.local.parts import AUDIT
from deploy.local.problems import Problem

if TYPE_CHECKING:
    from deploy.audit.audit import Report


@click.command("audit")
@click.option("--repair", is_flag=True, help="Mend what is safe to mend, and say what was done.")
@click.option("--json", "json_file", type=ReportFile(), help="Write it here.")
@click.option("--raise", "raises", is_flag=True, help="Raise an anomaly for each order named.")
def command(*, repair: bool, json_file: Path | None, raises: bool) -> None:
    """Ask every service for its books and compare them; exit 1 where they differ."""
    from chassis import clock
    from chassis.errors import GendanError
    from chassis.rpc import RpcClient
    from deploy.audit.audit import Audit
    from deploy.audit.reader import BooksByRpc

    instance = Instance.open()
    if not records.is_held(instance.places.home):
        raise Problem("The system is not running: start it with ./gendan up.")
    bus_url = instance.installation.bus_urls()[AUDIT]
    with (
        RpcClient(bus_url, AUDIT, ssl=tls_to(bus_url)) as client,
        Progress(
            SpinnerColumn(),
            TextColumn("{task.description:<10}"),
            BarColumn(),
            TextColumn("{task.completed:,} compared"),
            TimeElapsedColumn(),
            console=Console(stderr=True),
        ) as bars,
    ):
        tasks = {
            part: bars.add_task(part, total=None)
            for part in ("messages", "balances", "copies", "orders")
        }
        audit = Audit(
            BooksByRpc(client),
            progress=lambda part, count: bars.update(tasks[part], completed=count),
        )
        try:
            report = audit.run()
            if repair and report.differences:
                audit.repair(report)
            if raises:
                audit.raise_anomalies(report, clock.business_date(clock.machine_now()))
        except GendanError as refusal:
            raise Problem(f"The books could not be read: {refusal.message}") from refusal
        for part, count in report.compared.items():
            bars.update(tasks[part], total=count, completed=count)
    if json_file is not None:
        json_file.write_text(json.dumps(report.to_json(), ensure_ascii=False, indent=1) + "\n")
    tell(report, repaired=repair)
    sys.exit(1 if report.differences else 0)


def tell(report: "Report", *, repaired: bool) -> None:
    """Print what was found, what was done, and what is left to people."""
    for difference in report.differences:
        click.echo(str(difference))
    for line in report.done:
        click.echo(f"done: {line}")
    if not report.was_quiet:
        click.echo("The system never came to rest: a difference may still be on its way.")
    if report.differences and repaired:
        left = sum(1 for difference in report.differences if difference.repair is None)
        click.echo(f"{left} left to people; run the audit again to see what the repair mended.")
    compared = ", ".join(f"{count:,} {part}" for part, count in report.compared.items())
    click.echo(f"{len(report.differences)} differences in {compared or 'nothing'}")
