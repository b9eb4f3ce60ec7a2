"""The commands of `./gendan`; each only parses and hands over to the room that does the work."""

import errno
import importlib
import importlib.util
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click
from environs import Env
from rich.console import Console
from rich.table import Table

from deploy.local.places import CHECKOUT
from deploy.local.problems import Problem

if TYPE_CHECKING:
    from deploy.local.instance import Instance, Plan

PASSED_THROUGH = {"ignore_unknown_options": True}
# A file system without writing, and somebody else's folder.
_UNWRITABLE = {errno.EROFS, errno.EACCES, errno.EPERM}
console = Console(highlight=False, soft_wrap=True)


def say(text: str) -> None:
    """Print one line of progress."""
    console.print(text, markup=False)


# Commands whose work is in other rooms: loaded when asked for, absent where a room is.
ROOMS = {
    "accounts": "deploy.commands.accounts",
    "parked": "deploy.commands.parked",
    "demo": "deploy.commands.demo",
    "import": "deploy.commands.import_books",
    "bench": "deploy.commands.bench",
    "audit": "deploy.commands.audit",
    "backup": "deploy.commands.backup",
    "restore": "deploy.commands.restore",
    "torture": "deploy.commands.torture",
}


class Launcher(click.Group):
    """A group of commands, some loaded late, that tells a `Problem` in one sentence."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        there = [name for name, module in ROOMS.items() if importlib.util.find_spec(module)]
        return sorted([*super().list_commands(ctx), *there])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = ROOMS.get(cmd_name)
        if module is None or importlib.util.find_spec(module) is None:
            return super().get_command(ctx, cmd_name)
        command = importlib.import_module(module).command
        return command if isinstance(command, click.Command) else None

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Problem as problem:
            raise click.ClickException(str(problem)) from problem
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise click.ClickException("The disk is full: free some space.") from error
            if error.errno not in _UNWRITABLE:
                raise
            why = f"{error.filename} cannot be used: {error.strerror}."
            raise click.ClickException(why) from error


@click.group(cls=Launcher, context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Set up, start, watch and stop a whole Gendan."""
    # What the environment says already is stronger than the file.
    Env().read_env(str(CHECKOUT / "deploy" / ".env"), recurse=False)


class Replicas(click.ParamType[tuple[str, int]]):
    """`orders=3`: a service and how many processes of it to run."""

    name = "SERVICE=N"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        from deploy.local.databases import SERVICES

        if isinstance(value, tuple):
            return value
        service, _, number = str(value).partition("=")
        if service not in SERVICES:
            self.fail(f"{service} is none of {', '.join(SERVICES)}", param, ctx)
        if not number.isdigit() or not 1 <= int(number) <= 32:
            self.fail(f"{number!r} is no number from 1 to 32; say {service}=2", param, ctx)
        return service, int(number)


@cli.command()
@click.option("--detach", is_flag=True, help="Return when it is ready and leave it running.")
@click.option("--fresh", is_flag=True, help="Delete the data of before and start anew.")
@click.option("--replicas", type=Replicas(), multiple=True, help="Processes of a service.")
@click.option("--profile", type=click.Choice(["tryout", "production"]))
@click.option("--port", type=click.IntRange(1, 65535), help="Of the gateway; 8000 at first.")
@click.option("--yes", is_flag=True, help="Do not ask before production data are deleted.")
@click.option("--as-daemon", is_flag=True, hidden=True)
def up(
    *,
    detach: bool,
    fresh: bool,
    replicas: Sequence[tuple[str, int]],
    profile: str | None,
    port: int | None,
    yes: bool,
    as_daemon: bool,
) -> None:
    """Set up everything that is missing and run the whole system."""
    from deploy.local import first_data
    from deploy.local import up as launcher

    if fresh and not yes and not as_daemon:
        confirm_fresh()
    if detach:
        launcher.up_detached([argument for argument in sys.argv[2:] if argument != "--detach"], say)
        return
    wish = launcher.Wish(profile=profile, port=port, replicas=dict(replicas), fresh=fresh)

    def when_ready(instance: "Instance", plan: "Plan") -> None:
        first_data.load(instance, plan, say)
        say(f"ready: {plan.address}  (API docs: {plan.address}/docs)")
        say("accounts: ./gendan accounts")
        if as_daemon:
            launcher.become_daemon()
        else:
            say("Ctrl-C stops everything")

    launcher.up(wish, say=say, when_ready=when_ready)


def confirm_fresh() -> None:
    """Ask before production data are deleted."""
    from deploy.local.instance import PRODUCTION, Instance, own_places

    if not (own_places().home / "secrets.json").exists():
        return
    if Instance.open().plan.profile == PRODUCTION:
        click.confirm("Delete all production data of this checkout?", abort=True)


@cli.command()
def down() -> None:
    """Stop everything, cleanly."""
    from deploy.local import up as launcher

    launcher.down(say)


@cli.command()
def status() -> None:
    """Show every part, what waits, and the calendar."""
    from deploy.local import health, records
    from deploy.local.instance import Instance

    instance = Instance.open()
    health.is_known(instance)
    states = health.part_states(instance)
    table = Table("part", "state", "pid", "MB", "port", box=None)
    for part in states:
        table.add_row(*(str(value or "") for value in vars(part).values()))
    console.print(table)
    if not any(part.pid for part in states):
        say("not running: ./gendan up starts it")
        sys.exit(3)
    print_backlogs(instance)
    say(f"{instance.plan.profile} at {instance.plan.address}; {health.clock_note(instance)}")
    is_watched = records.is_held(instance.places.home)
    if not is_watched:
        say("the launcher has ended and nobody watches them: ./gendan up takes over")
    sys.exit(0 if is_watched and all(part.state == "up" for part in states) else 1)


def print_backlogs(instance: "Instance") -> None:
    """Print what waits in queues, outboxes and parking, service by service."""
    from deploy.local import health

    table = Table("service", "requests", "events", "unsent", "failing", "parked", box=None)
    for backlog in health.backlogs(instance):
        table.add_row(*("?" if value is None else str(value) for value in vars(backlog).values()))
    console.print(table)


@cli.command()
@click.argument("part", required=False)
@click.option("-f", "--follow", is_flag=True, help="Go on with what is written next.")
def logs(part: str | None, *, follow: bool) -> None:
    """Show the logs of a part, or of all."""
    from deploy.local import logs as reader
    from deploy.local.instance import own_places

    files = reader.chosen(own_places().logs, part)
    reader.show(files, say)
    if follow:
        reader.follow(files, say)


@cli.command(context_settings={"ignore_unknown_options": True})
@click.argument("days", metavar="+DAYS")
def clock(days: str) -> None:
    """Move business time forward by days, for trying out."""
    from deploy.local import clock_file, health
    from deploy.local.instance import TRYOUT, Instance

    instance = Instance.open()
    health.is_known(instance)
    if instance.plan.profile != TRYOUT:
        raise Problem("Business time moves in the try-out profile alone.")
    offset = clock_file.advance(instance.places.clock_file, clock_file.seconds_in(days))
    say(f"business time is {offset / clock_file.SECONDS_PER_DAY:g} days ahead of the machine's")


@cli.command()
def doctor() -> None:
    """Look for the known traps and at the state of every part."""
    from deploy.local.doctor import examine

    ill = False
    for finding in examine():
        ill |= not finding.is_well
        say(f"{'ok ' if finding.is_well else 'BAD'}  {finding.subject}: {finding.fact}")
        if not finding.is_well:
            say(f"     {finding.advice}")
    sys.exit(1 if ill else 0)


@cli.command()
def lint() -> None:
    """Check style, spelling, types and import contracts: the quick first part of `test`."""
    from deploy.local.test_run import run_checks

    sys.exit(1 if run_checks(say) else 0)


@cli.command(context_settings=PASSED_THROUGH)
@click.argument("pytest_arguments", nargs=-1, type=click.UNPROCESSED)
def test(pytest_arguments: Sequence[str]) -> None:
    """Lint, then run the suite on engines of its own; every argument goes to pytest.

    `./gendan test -- --help` shows what pytest understands.
    """
    from deploy.local.test_run import run_checks, run_tests

    failed = run_checks(say)
    code = run_tests(pytest_arguments, say)
    if failed:
        say(f"gendan: these checks failed, see above: {', '.join(failed)}")
    sys.exit(code or (1 if failed else 0))


if __name__ == "__main__":
    cli(prog_name="gendan")
