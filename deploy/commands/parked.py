"""`./gendan parked`: messages that no retry could help; a person decides."""

import json
from typing import Any

import click

from chassis import failed
from deploy.local.databases import SERVICES
from deploy.local.instance import Instance
from deploy.local.operators import operator, store_of, told_plainly

PAGE = 100


class ParkedId(click.ParamType[tuple[str, int]]):
    """`orders:12`: a service and the number of a message in it."""

    name = "SERVICE:ID"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        if isinstance(value, tuple):
            return value
        service, _, number = str(value).partition(":")
        if service not in SERVICES or not number.isdigit():
            self.fail(f"{value!r} is not like orders:12", param, ctx)
        return service, int(number)


@click.group("parked")
def command() -> None:
    """List, show, retry or discard messages that could not be handled."""


@command.command("list")
@click.option("--state", type=click.Choice([*failed.State]), default=failed.State.PARKED)
def list_parked(state: str) -> None:
    """List the messages of all services in one state, oldest first."""
    instance = Instance.open()
    found = 0
    for service in SERVICES:
        store = store_of(instance, service)
        with told_plainly(), store.work(operator()) as work:
            rows = failed.listed(work.session, store.platform.failed, state=state, limit=PAGE + 1)
        for row in rows[:PAGE]:
            found += 1
            error = str(row["error"]).splitlines()[0] if row["error"] else ""
            # What cannot be read does not tell what it is.
            event = f"{row['source'] or '?'}.{row['name'] or '?'}"
            click.echo(
                f"{service}:{row['id']}  {event}  for {row['listener']}  "
                f"since {row['first_failed_at']:%Y-%m-%d %H:%M}  {error}"
            )
        if len(rows) > PAGE:
            click.echo(f"{service} has more of them: these are the oldest")
    if not found:
        click.echo(f"no {state} messages")


@command.command()
@click.argument("which", type=ParkedId())
def show(which: tuple[str, int]) -> None:
    """Show one message whole, with its body and its last error."""
    service, number = which
    store = store_of(Instance.open(), service)
    with told_plainly(), store.work(operator()) as work:
        row = failed.shown(work.session, store.platform.failed, number)
    click.echo(json.dumps(row, ensure_ascii=False, indent=2, default=str))


@command.command()
@click.argument("which", type=ParkedId())
@click.option("--despite-gap", is_flag=True, help="Give up the events before it.")
def retry(which: tuple[str, int], *, despite_gap: bool) -> None:
    """Have a message tried again at once."""
    service, number = which
    store = store_of(Instance.open(), service)
    with told_plainly(), store.work(operator()) as work:
        failed.retry(work.session, store.platform.failed, number, despite_gap=despite_gap)
        work.log("failed_message", number, "retried")
    click.echo(f"{service}:{number} is tried again")


@command.command()
@click.argument("which", type=ParkedId())
@click.option("--note", required=True, help="Why it shall never be handled.")
def discard(which: tuple[str, int], *, note: str) -> None:
    """Decide that a message shall never be handled."""
    service, number = which
    store = store_of(Instance.open(), service)
    with told_plainly(), store.work(operator()) as work:
        failed.discard(work.session, store.platform.failed, number)
        work.log("failed_message", number, "discarded", note=note)
    click.echo(f"{service}:{number} is discarded")
