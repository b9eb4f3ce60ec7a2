"""`./gendan backup`: all databases and attachments of the running system, at one moment."""

from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from deploy.local import backup, records
from deploy.local.instance import Instance
from deploy.local.operators import told_plainly
from deploy.local.problems import Problem


def sources_of(instance: Instance) -> backup.Sources:
    """Return what belongs to an instance: what is backed up, and where it is put back."""
    home = instance.places.home
    return backup.Sources(
        databases=instance.installation.database_urls(),
        attachments=instance.places.attachments,
        extras={
            "clock": instance.places.clock_file,
            "plan.json": home / "plan.json",
            "accounts.json": home / "accounts.json",
        },
    )


@click.command("backup")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def command(folder: Path) -> None:
    """Back the running system up into the new FOLDER; writes wait for a moment."""
    instance = Instance.open()
    instance.places.check_is_safe(folder)
    if not records.is_held(instance.places.home):
        raise Problem("The system is not running: start it with ./gendan up.")
    with told_plainly(), Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("backing up", total=backup.STEPS)
        manifest = backup.take(
            sources_of(instance),
            folder,
            lambda done: bar.update(task, advance=1, description=done),
        )
    click.echo(
        f"backed up to {folder}: as of {manifest.taken_at}, {len(manifest.files)} files; "
        f"writes waited {manifest.pause_seconds:.2f} s"
    )
    if manifest.lacking:
        raise Problem(
            f"{len(manifest.lacking)} attachments were missing or damaged in "
            f"{instance.places.attachments}; all else is backed up. They are named under "
            f"`lacking` in {folder / backup.MANIFEST}, the first is {manifest.lacking[0]}."
        )
