"""What a new instance is given once: its first accounts and, for trying out, the example book."""

import subprocess
import sys
from collections.abc import Callable

from deploy.local.instance import TRYOUT, Instance, Plan
from deploy.local.places import CHECKOUT
from deploy.local.problems import Problem

# Each in a process of its own, so that the launcher stays small while the system runs.
FIRST_ACCOUNTS = ("accounts", "first")
EXAMPLE_BOOK = ("import", "--example")


def load(instance: Instance, plan: Plan, say: Callable[[str], None]) -> None:
    """Load what is missing, once; if it was interrupted, loading again repeats nothing."""
    mark = instance.places.home / "first-data-loaded"
    if mark.exists():
        return
    run(FIRST_ACCOUNTS, say)
    if plan.profile == TRYOUT:
        try:
            run(EXAMPLE_BOOK, say)
        except Problem as problem:
            # The system is up and of use without its example; the next start tries again.
            say(f"the example book is not in: {problem}")
            return
    mark.touch()


def run(command: tuple[str, ...], say: Callable[[str], None]) -> None:
    """Run one of our own commands and pass on what it says; raise `Problem` when it fails."""
    finished = subprocess.run(
        [sys.executable, "-m", "deploy.cli", *command],
        cwd=CHECKOUT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode != 0:
        for line in (finished.stdout + finished.stderr).splitlines():
            say(line)
        raise Problem(f"./gendan {' '.join(command)} failed; it says why above.")
    for line in finished.stdout.splitlines():
        say(line)
