"""The nightly audit: a thread of the launcher that runs `gendan audit` as a process of its own."""

import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, time, timedelta

from chassis.clock import BUSINESS_ZONE, machine_now
from deploy.local.places import CHECKOUT

AT = time(3, 30)
#: Mends what is safe and raises an anomaly for each order that something is wrong with.
COMMAND = (sys.executable, "-m", "deploy.cli", "audit", "--repair", "--raise")


def seconds_until_next(now: datetime) -> float:
    """Give how long it is from `now` until the next run, by the business's wall clock."""
    local = now.astimezone(BUSINESS_ZONE)
    due = datetime.combine(local.date(), AT, BUSINESS_ZONE)
    if due <= local:
        due += timedelta(days=1)
    return (due - local).total_seconds()


class Nightly:
    """Runs the audit every night until it is stopped; what it prints goes to `say`."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._stopping = threading.Event()
        self._child: subprocess.Popen[str] | None = None
        self._thread = threading.Thread(target=self._run, name="nightly-audit", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End it, with an audit that is running."""
        self._stopping.set()
        if self._child is not None:
            self._child.terminate()
        if self._thread.is_alive():
            self._thread.join(5.0)

    def _run(self) -> None:
        while not self._stopping.wait(seconds_until_next(machine_now())):
            # A full disk, or a machine that starts no process more, must not end the audits to
            # come.
            try:
                self._audit()
            except OSError as error:
                with suppress(OSError):
                    self._say(f"audit: could not be made: {error}")

    def _audit(self) -> None:
        with subprocess.Popen(
            COMMAND,
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as self._child:
            printed, errors = self._child.communicate()
        for line in printed.splitlines():
            self._say(f"audit: {line}")
        if self._child.returncode and not self._stopping.is_set():
            self._say(f"audit: {ended(self._child.returncode, printed, errors)}")


def ended(code: int, printed: str, errors: str) -> str:
    """Return what to say of an audit that did not find all well."""
    # What it found it has printed; beside that its errors hold no more than its progress.
    why = "" if printed else f": {(errors.strip().splitlines() or ['it said nothing'])[-1]}"
    return f"ended with code {code}{why}"
