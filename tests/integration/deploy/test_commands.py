"""`./gendan backup` and `restore` as a person types them, on the engines of the tests."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import accounts, places, records
from deploy.local.engines import Engines
from deploy.local.instance import NAME_VARIABLE, Instance, Plan
from tests.system import clone_databases
from tests.templates import Templates

WAITS = (sys.executable, "-c", "import signal; print(flush=True); signal.pause()")


@pytest.fixture
def instance(
    engines: Engines, templates: Templates, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Instance]:
    """An instance that has been started once, and its first accounts."""
    monkeypatch.setenv(NAME_VARIABLE, f"commands-{os.getpid()}")
    for variable, address in engines.addresses().items():
        monkeypatch.setenv(variable, address)
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
    listed = gendan("accounts").stdout
    assert f"password {passwords['clerk']}" in listed
