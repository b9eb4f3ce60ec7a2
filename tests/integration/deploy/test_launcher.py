"""The launcher's own steps, on an instance of this test's own whose parts are not Gendan's."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from deploy.local import doctor, health, places, records
from deploy.local import up as launcher
from deploy.local.engines import AMQP_VARIABLE, CONTROL_VARIABLE, PG_VARIABLE, Engines
from deploy.local.instance import NAME_VARIABLE, PRODUCTION, TRYOUT, Instance, Plan
from deploy.local.places import Places
from deploy.local.ports import LOOPBACK
from deploy.local.problems import Problem
from deploy.local.up import Wish

WAITS = (sys.executable, "-c", "import signal; print(flush=True); signal.pause()")


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Places]:
    name = f"launcher-{os.getpid()}"
    monkeypatch.setenv(NAME_VARIABLE, name)
    own = places.places_for(name)
    own.make()
    yield own
    own.remove()


@pytest.fixture
def part(home: Places) -> Iterator["subprocess.Popen[bytes]"]:
    """A recorded process that runs until it is told to end."""
    with subprocess.Popen(WAITS, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        records.write(home.run, "postgresql", process.pid, signal.SIGTERM)
        yield process
        process.kill()


def test_down_leaves_a_restore_at_its_work(home: Places, part: "subprocess.Popen[bytes]") -> None:
    said: list[str] = []

    with records.holding(home.home), pytest.raises(Problem, match="A restore is at work here"):
        launcher.down(said.append)

    assert (part.poll(), said) == (None, [])


def test_down_ends_what_its_launcher_leaves_running(
    home: Places, part: "subprocess.Popen[bytes]"
) -> None:
    """Whatever the launcher stumbles over in its last moments."""
    hold = (
        "import sys, signal, pathlib\n"
        "from deploy.local import records\n"
        "with records.holding(pathlib.Path(sys.argv[1])):\n"
        "    print(flush=True)\n"
        "    signal.pause()\n"
    )
    said: list[str] = []
    with subprocess.Popen(
        [sys.executable, "-c", hold, home.home], cwd=places.CHECKOUT, stdout=subprocess.PIPE
    ) as dying:
        assert dying.stdout is not None
        dying.stdout.readline()
        records.write(home.home, launcher.LAUNCHER, dying.pid, signal.SIGTERM)

        launcher.down(said.append)

    assert said == ["stopping", "ended postgresql", "stopped"]
    assert part.wait(10) == -signal.SIGTERM


def test_a_disk_with_little_room_hinders_starting_alone(
    home: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    Instance.open(move_ports=True)
    secrets = home.home / "secrets.json"
    before = secrets.stat().st_ino
    monkeypatch.setattr(places, "NEEDED_BYTES", 1 << 60)

    assert Instance.open().places == home
    assert secrets.stat().st_ino == before  # It was not written again.
    with pytest.raises(Problem, match="MB are free on the disk of"):
        Instance.open(move_ports=True)


def test_doctor_says_that_nobody_watches_what_a_launcher_has_left(
    private: Instance, part: "subprocess.Popen[bytes]"
) -> None:
    found = next(doctor.parts())

    assert (found.is_well, found.fact) == (False, "has ended, and nobody watches postgresql")


@pytest.fixture
def private(home: Places, monkeypatch: pytest.MonkeyPatch) -> Instance:
    """An instance with engines of its own, which nobody has started yet."""
    for variable in (PG_VARIABLE, AMQP_VARIABLE, CONTROL_VARIABLE):
        monkeypatch.delenv(variable, raising=False)
    return Instance.open(move_ports=True)


def test_settings_whose_data_are_gone_are_not_started_anew(private: Instance) -> None:
    private.check_whole()  # Nothing was set up yet: nothing lacks.
    private.keep_plan(Plan())

    with pytest.raises(Problem, match="its data are not in"):
        private.check_whole()


def test_data_that_were_half_deleted_are_not_started(private: Instance) -> None:
    private.places.emptying.touch()

    with pytest.raises(Problem, match="were being deleted, and that did not end"):
        private.check_whole()


def test_what_waits_at_a_broker_without_control_is_unknown_and_nothing_ill(
    private: Instance,
) -> None:
    private.engines = Engines("postgresql://nowhere", "amqp://nowhere")

    (found,) = doctor.consumers(private)
    assert (found.is_well, found.fact) == (True, "nobody knows without GENDAN_RABBITMQCTL")
    assert health.waiting_in_queues("orders", health.queue_depths(private)) == (None, None)


def test_an_instance_that_begins_anew_stays_what_it_was_but_for_what_is_asked(
    private: Instance,
) -> None:
    private.keep_plan(Plan(PRODUCTION, 8100, {"shipping": 3}))

    kept = launcher.chosen_plan(private, Wish(replicas={"orders": 2}, fresh=True))
    changed = launcher.chosen_plan(private, Wish(profile=TRYOUT, fresh=True))

    assert kept == Plan(PRODUCTION, 8100, {"shipping": 3, "orders": 2})
    assert changed == Plan(TRYOUT, 8100, {"shipping": 3})
    with pytest.raises(Problem, match="was set up as production"):
        launcher.chosen_plan(private, Wish(profile=TRYOUT))


def test_a_port_in_use_is_told_before_the_data_are_deleted(private: Instance) -> None:
    private.keep_plan(Plan(PRODUCTION))

    with socket.create_server((LOOPBACK, 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = subprocess.run(
            [sys.executable, "-m", "deploy.cli", "up", "--fresh", "--yes", "--port", port],
            cwd=places.CHECKOUT,
            capture_output=True,
            text=True,
            check=False,
        )

    assert (refused.returncode, f"Port {port} is in use" in refused.stderr) == (1, True)
    assert private.plan == Plan(PRODUCTION)
