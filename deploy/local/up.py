"""`./gendan up` and `down`: run the instance of this checkout, in front or detached."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType

from deploy.audit.nightly import Nightly
from deploy.local import records
from deploy.local.instance import Instance, Plan, own_places
from deploy.local.places import CHECKOUT, Places
from deploy.local.problems import Problem
from deploy.local.records import InstanceBusy, Recorded
from deploy.local.supervisor import Supervisor

LAUNCHER = "launcher"
DOWN_SECONDS = 150.0
Say = Callable[[str], None]


class Interrupted(BaseException):
    """The person or the system wants us to stop while we are starting."""


class StopSignals:
    """Turns SIGINT, SIGTERM and SIGHUP into a stop: an exception at first, then a request.

    While starting, the exception leaves whatever is being waited for. Once the supervisor
    watches, a request lets it finish its look; while stopping, further signals change nothing.
    """

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self.is_starting = True

    def install(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._supervisor.request_stop()
        if self.is_starting:
            self.is_starting = False
            raise Interrupted


@dataclass(frozen=True)
class Wish:
    """What the person asked for; None means as before."""

    profile: str | None = None
    port: int | None = None
    replicas: Mapping[str, int] = field(default_factory=dict)
    fresh: bool = False


def up(wish: Wish, *, say: Say, when_ready: Callable[[Instance, Plan], None]) -> None:
    """Start everything, stay until told to stop, and stop everything."""
    places = own_places()
    places.make()
    try:
        with records.holding(places.home):
            records.write(places.home, LAUNCHER, os.getpid(), signal.SIGTERM)
            try:
                _run(wish, say, when_ready)
            finally:
                records.forget(places.home, LAUNCHER)
    except InstanceBusy:
        raise Problem(
            "It is running already: see ./gendan status, or stop it with ./gendan down."
        ) from None


def _run(wish: Wish, say: Say, when_ready: Callable[[Instance, Plan], None]) -> None:
    quietly = steady(say)
    supervisor, nightly = Supervisor(quietly), Nightly(quietly)
    signals = StopSignals(supervisor)
    signals.install()
    run = own_places().run
    try:
        left = records.end_leftovers(run)
        if left:
            say(f"ended what an earlier launcher left running: {', '.join(left)}")
        instance = Instance.open(move_ports=True)
        plan = chosen_plan(instance, wish)
        if wish.fresh:
            # Whatever can be known to hinder the start is to be told while there are data.
            instance.prepare_start(plan, say)
            say("deleting the data of before")
            instance = start_anew(instance)
        instance.check_whole()
        instance.start(supervisor, plan, say)
        when_ready(instance, plan)
        signals.is_starting = False
        nightly.start()
        supervisor.watch()
    except Interrupted:
        quietly("interrupted")
    finally:
        signals.is_starting = False
        end_all(supervisor, nightly, run, quietly)


def steady(say: Say) -> Say:
    """Return a `say` that ends nobody when its words cannot be written.

    Whoever read them may be gone, with a terminal or a pipe (for which rich ends the program), or
    the disk of the log may be full: what runs has to be watched and stopped all the same.
    """

    def say_if_possible(text: str) -> None:
        with suppress(OSError, SystemExit):
            say(text)

    return say_if_possible


def end_all(supervisor: Supervisor, nightly: Nightly, run: Path, say: Say) -> None:
    """Stop everything that was started, also what a start that broke off has only recorded."""
    had_started = supervisor.has_started
    if had_started:
        say("stopping")
    try:
        nightly.stop()
        supervisor.stop()
    finally:
        records.end_leftovers(run)
    if had_started:
        say("stopped")


def start_anew(instance: Instance) -> Instance:
    """Delete an instance's data, keeping the lock that we hold on its folder."""
    instance.remove_data()
    return Instance.open(move_ports=True)


def chosen_plan(instance: Instance, wish: Wish) -> Plan:
    """Return what was asked for, and for the rest what ran here before."""
    before = instance.plan
    has_profile = not (instance.is_new or wish.fresh)
    if wish.profile and wish.profile != before.profile and has_profile:
        raise Problem(
            f"This instance was set up as {before.profile}; start anew with --fresh, which "
            "deletes its data, or use another checkout."
        )
    return replace(
        before,
        profile=wish.profile or before.profile,
        port=wish.port or before.port,
        replicas={**before.replicas, **wish.replicas},
    )


def up_detached(arguments: list[str], say: Say) -> None:
    """Run `up` in a process of its own session; return when it is ready, raise if it is not."""
    child = subprocess.Popen(
        [sys.executable, "-m", "deploy.cli", "up", "--as-daemon", *arguments],
        cwd=CHECKOUT,
        env=os.environ | {"COLUMNS": "200"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert child.stdout is not None  # noqa: S101 - it is a pipe, as asked for above
    for line in child.stdout:
        say(line.rstrip())
    # The pipe closes when the child moves its output to its log, or ends.
    try:
        code = child.wait(0.5)
    except subprocess.TimeoutExpired:
        return
    sys.exit(code or 1)


def become_daemon() -> None:
    """Move this process's output to the launcher's log; whoever started us then goes on."""
    log = os.open(
        own_places().logs / f"{LAUNCHER}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600
    )
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)


def down(say: Say) -> None:
    """Stop the running instance, or what is left of one whose launcher died."""
    places = own_places()
    is_held = records.is_held(places.home)
    if is_held:
        launchers = [each for each in records.recorded(places.home) if each.is_alive]
        if not launchers:
            raise Problem(
                "A restore is at work here: let it end, or stop it where it runs with Ctrl-C."
            )
        say("stopping")
        _stop_launcher(launchers[0], places)
    left = _end_leftovers(places)
    if left:
        say(f"ended {', '.join(left)}")
    elif not is_held:
        say("nothing is running")
    if is_held:
        say("stopped")


def _stop_launcher(launcher: Recorded, places: Places) -> None:
    records.signal_quietly(launcher.pid, launcher.stop_signal)
    deadline = time.monotonic() + DOWN_SECONDS
    while launcher.is_alive:
        if time.monotonic() > deadline:
            raise Problem(
                f"The launcher (pid {launcher.pid}) has not ended after {DOWN_SECONDS:.0f} s; "
                f"its log is {places.logs / (LAUNCHER + '.log')}."
            )
        time.sleep(0.1)


def _end_leftovers(places: Places) -> list[str]:
    """End what nobody watches any more, unless somebody is just taking it over."""
    if not places.run.exists():
        return []
    try:
        with records.holding(places.home):
            return records.end_leftovers(places.run)
    except InstanceBusy:
        return []
