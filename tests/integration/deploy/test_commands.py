"""Commands of `./gendan` as a person types them, on the engines of the tests."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import delete

from chassis import failed
from chassis.clock import machine_now
from chassis.failed import Failure, State
from deploy.cli import cli
from deploy.commands import parked
from deploy.local import accounts, backup, places, records
from deploy.local.engines import PG_VARIABLE, Engines
from deploy.local.instance import NAME_VARIABLE, Instance, Plan
from deploy.local.operators import operator, store_of
from gateway import accounts as people
from gateway.storage import Attachment
from tests.system import clone_databases
from tests.templates import Templates

WAITS = (sys.executable, "-c", "import signal; print(flush=True); signal.pause()")


@pytest.fixture(scope="module")
def instance(engines: Engines, templates: Templates) -> Iterator[Instance]:
    """An instance that has been started once, and its first accounts."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(NAME_VARIABLE, f"commands-{os.getpid()}")
        for variable, address in engines.addresses().items():
            environment.setenv(variable, address)
        own = Instance.open(move_ports=True)
        clone_databases(own.installation, templates)
        own.keep_plan(Plan(port=8123))
        accounts.make_first(own)
        yield own
        Instance.open().installation.remove()
        own.places.remove()


@pytest.fixture
def left(instance: Instance) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that a killed launcher has left running."""
    with subprocess.Popen(WAITS, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        records.write(instance.places.run, "postgresql", process.pid, signal.SIGTERM)
        yield process
        process.kill()


def gendan(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "deploy.cli", *arguments],
        cwd=places.CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def test_passwords_are_shown_while_they_are_good(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "PAGE", 5)
    first = {each.username: each.password for each in accounts.known(instance)}
    with accounts.gateway_work(instance.installation) as work:
        people.reset_password(work, "sales")

    shown = CliRunner().invoke(cli, ["accounts"]).output.splitlines()

    said = {line.split()[0]: line.split()[-1] for line in shown[:-1]}
    assert said == {**first, "sales": "alone"}
    assert accounts.lasting_passwords(instance).keys() == first.keys() - {"sales"}


def test_parked_messages_are_listed_to_a_bound_and_more_are_said_to_be_there(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parked, "PAGE", 1)
    store = store_of(instance, "orders")
    with store.work(operator()) as work:
        for _ in range(2):
            failed.set_aside(
                work.session,
                store.platform.failed,
                listener="hear",
                source="customers",
                body=b"{",
                event=None,
                failure=Failure(State.PARKED, "broken"),
            )
    store.close()

    shown = CliRunner().invoke(cli, ["parked", "list"]).output.splitlines()

    assert len(shown) == 2
    assert "  customers.?  for hear  " in shown[0]
    assert shown[1] == "orders has more of them: these are the oldest"


def test_a_backup_that_lacks_an_attachment_is_finished_and_says_so(
    instance: Instance, tmp_path: Path
) -> None:
    """One lost file must not keep the books from being backed up ever after."""
    lost, damaged = "0" * 64, "1" * 64
    kept = instance.places.attachments / damaged[:2] / damaged
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"half of it")
    with accounts.gateway_work(instance.installation) as work:
        for name in (lost, damaged):
            work.session.add(
                Attachment(
                    hash=name,
                    name="a.pdf",
                    size=20,
                    media_type="application/pdf",
                    purpose="other",
                    uploaded_by="chen",
                    uploaded_by_name="陈静",
                    uploaded_at=machine_now(),
                )
            )
    folder = tmp_path / "backup"

    with records.holding(instance.places.home):
        taken = CliRunner().invoke(cli, ["backup", str(folder)])

    assert taken.exit_code == 1
    assert f"2 attachments were missing or damaged in {instance.places.attachments}" in taken.output
    manifest = json.loads((folder / backup.MANIFEST).read_text())
    assert manifest["lacking"] == [lost, damaged]
    assert f"attachments/11/{damaged}" in manifest["files"]
    assert len([name for name in manifest["files"] if name.endswith(".dump")]) == 6
    with accounts.gateway_work(instance.installation) as work:
        work.session.execute(delete(Attachment))


def test_a_backup_of_databases_that_are_away_says_so(
    instance: Instance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PG_VARIABLE, "postgresql://nobody:x@127.0.0.1:1/postgres")

    with records.holding(instance.places.home):
        refused = CliRunner().invoke(cli, ["backup", str(tmp_path / "backup")])

    assert refused.exit_code == 1
    assert "The database does not answer" in refused.output


def test_a_backup_is_restored_into_the_emptied_instance_whose_leftovers_have_ended(
    instance: Instance, left: "subprocess.Popen[bytes]"
) -> None:
    home = instance.places
    monday = home.backups / "monday"
    with records.holding(home.home):
        taken = gendan("backup", monday)
        refused = gendan("backup", home.home / "monday")
    assert taken.returncode == 0, taken.stdout
    assert (refused.returncode, "lies with the data" in refused.stdout) == (1, True)
    assert [path for path in monday.iterdir() if path.stat().st_mode & 0o077] == []
    passwords = {each.username: each.password for each in accounts.known(instance)}
    secrets = json.loads((home.home / "secrets.json").read_text())

    restored = gendan("restore", monday, "--fresh", "--yes")

    assert restored.returncode == 0, restored.stdout
    assert left.poll() == -signal.SIGTERM
    again = Instance.open()
    assert json.loads((home.home / "secrets.json").read_text()) != secrets
    assert again.plan.port == 8123
    assert {each.username: each.password for each in accounts.known(again)} == passwords
    refused = gendan("restore", monday)
    assert (refused.returncode, "This instance holds data" in refused.stdout) == (1, True)
    assert f"password {passwords['clerk']}" in gendan("accounts").stdout
