"""Processes on a machine whose clock is wrong: `python -m tests.faults.clocks FILE SERVICE`.

The file holds by how many seconds; it is read again and again. Nothing in the product moves
machine time (ARCHITECTURE §4.12), so it is patched in by the test's own start-up.
"""

import sys
import time
from datetime import timedelta
from pathlib import Path

_LOOK_EVERY_SECONDS = 0.1


class WrongClock:
    """The machine's clock, and what the file adds to it."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._looked_at = float("-inf")
        self._seconds = 0.0

    def seconds(self) -> float:
        if time.monotonic() - self._looked_at > _LOOK_EVERY_SECONDS:
            self._looked_at = time.monotonic()
            self._seconds = float(self._file.read_text())
        return self._seconds

    def put_in(self) -> None:
        """Have everything in this process read this clock."""
        from chassis import clock

        true_time, true_now = time.time, clock.machine_now
        time.time = lambda: true_time() + self.seconds()
        clock.machine_now = lambda: true_now() + timedelta(seconds=self.seconds())


def set_clock(file: Path, seconds: float) -> None:
    """Set the clock of the processes that read this file."""
    draft = file.with_suffix(".draft")
    draft.write_text(str(seconds))
    draft.replace(file)


if __name__ == "__main__":
    import eventlet

    # As chassis/runner.py does, before anything else is loaded.
    eventlet.monkey_patch()
    WrongClock(Path(sys.argv[1])).put_in()
    from chassis.process import main

    sys.exit(main(sys.argv[2:]))
