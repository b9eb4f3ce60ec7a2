"""`./gendan restore`: a backup into an instance that is empty, or is emptied for it."""

from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from deploy.commands.backup import sources_of
from deploy.local import backup, packages, records
from deploy.local import up as launcher
from deploy.local.broker import purge_queues
from deploy.local.instance import Instance, own_places
from deploy.local.problems import Problem
from deploy.local.records import InstanceBusy
from deploy.local.supervisor import Supervisor


@click.command("restore")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--fresh", is_flag=True, help="Delete the data that are here now.")
@click.option("--yes", is_flag=True, help="Do not ask before they are deleted.")
def command(folder: Path, *, fresh: bool, yes: bool) -> None:
    """Put the backup in FOLDER back; then ./gendan up starts it."""
    places = own_places()
    places.check_is_safe(folder)
    manifest = backup.check(folder)
    places.make()
    if fresh and not yes and (places.home / "plan.json").exists():
        click.confirm("Delete all data of this checkout?", abort=True)
    try:
        with records.holding(places.home):
            restore_into(folder, fresh=fresh)
    except InstanceBusy:
        raise Problem("It is running: stop it first with ./gendan down.") from None
    click.echo(
        f"restored as of {manifest.taken_at}; start it with ./gendan up. What was sent and had "
        "not arrived is sent again by itself; ./gendan audit then compares the books. "
        "Everybody has to sign in again."
    )
    if manifest.lacking:
        click.echo(f"{len(manifest.lacking)} attachments lack: {', '.join(manifest.lacking)}.")


def restore_into(folder: Path, *, fresh: bool) -> None:
    """Restore into this checkout's instance, whose lock the caller holds."""
    supervisor, run = Supervisor(click.echo), own_places().run
    signals = launcher.StopSignals(supervisor)
    signals.install()
    try:
        # Else the data would be deleted under engines that a killed launcher has left.
        records.end_leftovers(run)
        instance = _emptied(fresh=fresh)
        instance.half_restored.touch()
        for program in instance.engines.programs():
            supervisor.launch([program])
        supervisor.await_ready()
        _restore_on_engines(instance, folder)
        instance.half_restored.unlink()
    except launcher.Interrupted:
        raise Problem("The restore was interrupted: begin it again with --fresh.") from None
    finally:
        signals.is_starting = False
        try:
            supervisor.stop()
        finally:
            records.end_leftovers(run)


def _emptied(*, fresh: bool) -> Instance:
    """Return the instance, empty, with engines that can be started or answer."""
    instance = Instance.open(move_ports=True)
    if fresh:
        instance = launcher.start_anew(instance)
    elif not instance.is_new:
        raise Problem("This instance holds data: restore with --fresh, which deletes them.")
    instance.check_whole()
    if instance.engines.are_ours:
        packages.ensure_engine_packages(click.echo)
    instance.check_given()
    return instance


def _restore_on_engines(instance: Instance, folder: Path) -> None:
    installation, engines = instance.installation, instance.engines
    instance.begin_making()
    installation.make_databases()
    if engines.control is None:
        # The vhost is not ours to make anew: what waits in it may be newer than the backup.
        purge_queues(engines.amqp_admin_url)
    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("restoring", total=backup.STEPS)
        backup.restore(
            folder,
            sources_of(instance),
            lambda done: bar.update(task, advance=1, description=done),
        )
    places = instance.places
    for change in installation.prepare_databases(places.backups, places.migrations_log):
        click.echo(change)
    # The example book and the first accounts are in the backup, if they ever were.
    (places.home / "first-data-loaded").touch()
