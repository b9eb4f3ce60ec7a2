"""`./gendan up` from outside, as a person uses it: private engines, own data, own ports."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.local import places, records
from deploy.local.databases import SERVICES
from deploy.local.engines import AMQP_VARIABLE, CONTROL_VARIABLE, PG_VARIABLE
from deploy.local.instance import NAME_VARIABLE
from deploy.local.ports import LOOPBACK, free_ports


class Gendan:
    """The command line, aimed at an instance of this test's own."""

    def __init__(self, name: str) -> None:
        self.places = places.places_for(name)
        self.port = free_ports(1)[0]
        given = (PG_VARIABLE, AMQP_VARIABLE, CONTROL_VARIABLE)
        self.environment = {key: value for key, value in os.environ.items() if key not in given}
        self.environment[NAME_VARIABLE] = name

    def __call__(self, *arguments: str, seconds: float = 400) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "deploy.cli", *arguments],
            cwd=places.CHECKOUT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=False,
        )

    def up(self) -> "subprocess.CompletedProcess[str]":
        return self("up", "--detach", "--port", str(self.port))

    def alive(self) -> dict[str, int]:
        """Every process of this instance that lives, by name."""
        found = records.recorded(self.places.run)
        return {process.name: process.pid for process in found if process.is_alive}

    def get(self, path: str) -> tuple[int, bytes]:
        with urllib.request.urlopen(f"http://{LOOPBACK}:{self.port}{path}", timeout=10) as answer:
            return answer.status, answer.read()


@pytest.fixture(scope="module")
def gendan() -> Iterator[Gendan]:
    command = Gendan(f"check-{os.getpid()}")
    yield command
    command("down")
    command.places.remove()


def eventually(holds: Callable[[], bool], seconds: float = 30.0) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_a_port_in_use_is_told_in_a_sentence_and_nothing_is_left(gendan: Gendan) -> None:
    with socket.create_server((LOOPBACK, gendan.port)):
        finished = gendan.up()

    assert finished.returncode == 1
    assert f"Port {gendan.port} is in use by another program" in finished.stdout
    assert "Traceback" not in finished.stdout
    assert gendan.alive() == {}


def test_what_a_restore_left_half_done_is_not_started(gendan: Gendan) -> None:
    gendan.places.make()
    mark = gendan.places.home / "restoring"
    mark.touch()

    refused = gendan.up()
    mark.unlink()

    assert refused.returncode == 1
    assert "A restore into this instance did not end" in refused.stdout
    assert gendan.alive() == {}


def test_data_that_outlived_their_checkout_are_told_of_at_once(gendan: Gendan) -> None:
    """A new clone in the old one's place has no password of theirs, and waited minutes for it."""
    strays = Gendan(f"strays-{os.getpid()}")
    strays.places.make()
    cluster = strays.places.data / "postgres"
    cluster.mkdir()
    (cluster / "PG_VERSION").write_text("15\n")
    try:
        refused = [strays.up(), strays.up()]
    finally:
        strays.places.remove()

    assert [each.returncode for each in refused] == [1, 1]
    assert all("are the data of an earlier checkout" in each.stdout for each in refused)
    assert gendan.alive() == strays.alive() == {}


def test_up_runs_every_part_and_a_second_up_is_refused(gendan: Gendan) -> None:
    started = gendan.up()

    assert started.returncode == 0, started.stdout
    assert f"ready: http://{LOOPBACK}:{gendan.port}" in started.stdout
    assert set(gendan.alive()) == {
        *(f"{service}.1" for service in SERVICES),
        *("postgresql", "epmd", "rabbitmq", "relay", "gateway"),
    }
    assert gendan.get("/readyz")[0] == 200
    assert gendan("status").returncode == 0
    again = gendan.up()
    assert again.returncode == 1
    assert "It is running already" in again.stdout


def test_secrets_are_neither_in_files_of_others_nor_in_process_lists(gendan: Gendan) -> None:
    kept = json.loads((gendan.places.home / "secrets.json").read_text())
    passwords = [kept["postgres_password"], kept["rabbitmq_password"], kept["rabbitmq_cookie"]]
    passwords += kept["part_passwords"].values()

    for pid in gendan.alive().values():
        arguments = Path(f"/proc/{pid}/cmdline").read_text()
        assert not [password for password in passwords if password in arguments]
    for path in gendan.places.home.rglob("*"):
        if path.is_file() and any(word in path.read_text(errors="replace") for word in passwords):
            assert path.stat().st_mode & 0o077 == 0, path


def test_a_killed_service_and_a_killed_engine_come_back(gendan: Gendan) -> None:
    before = gendan.alive()

    killed = ("orders.1", "rabbitmq")
    for name in killed:
        os.kill(before[name], signal.SIGKILL)

    def are_back() -> bool:
        now = gendan.alive()
        return now.keys() == before.keys() and all(now[name] != before[name] for name in killed)

    assert eventually(are_back, 120)
    assert eventually(lambda: gendan("status").returncode == 0, 120)


def test_business_time_moves_forward_only(gendan: Gendan) -> None:
    assert "2 days ahead" in gendan("clock", "+2").stdout
    assert "5 days ahead" in gendan("clock", "+3").stdout
    refused = gendan("clock", "-1")

    assert refused.returncode != 0
    assert "5 days ahead" in gendan("status").stdout


def test_logs_and_accounts_are_shown(gendan: Gendan) -> None:
    assert "orders is ready" in gendan("logs", "orders").stdout
    listed = gendan("accounts").stdout
    assert "director" in listed
    assert "password" in listed


def test_down_ends_everything_and_up_finds_the_data_again(gendan: Gendan) -> None:
    everything = gendan.alive()
    accounts = gendan("accounts", "list").stdout

    assert gendan("down").returncode == 0
    assert gendan.alive() == {}
    assert not [pid for pid in everything.values() if Path(f"/proc/{pid}").exists()]
    assert gendan("status").returncode == 3

    assert gendan.up().returncode == 0
    assert gendan("accounts", "list").stdout == accounts
    assert "5 days ahead" in gendan("status").stdout


def test_what_a_killed_launcher_left_is_cleared_away_by_the_next(gendan: Gendan) -> None:
    left = gendan.alive()
    (launcher,) = records.recorded(gendan.places.home)
    os.kill(launcher.pid, signal.SIGKILL)
    assert eventually(lambda: not records.is_held(gendan.places.home))
    assert gendan.alive() == left
    seen = gendan("status")
    assert (seen.returncode, "the launcher has ended" in seen.stdout) == (1, True)

    started = gendan.up()

    assert started.returncode == 0, started.stdout
    assert "ended what an earlier launcher left running" in started.stdout
    assert gendan.get("/healthz")[0] == 200
    assert gendan("down").returncode == 0
    assert gendan.alive() == {}
