"""The file that says how far business time is ahead of the machine's."""

import fcntl
from pathlib import Path

from deploy.local.places import write_private
from deploy.local.problems import Problem

SECONDS_PER_DAY = 86_400


def offset_seconds(path: Path) -> float:
    """Return the offset in seconds; 0 when time was never moved."""
    return float(path.read_text() or 0) if path.exists() else 0.0


def advance(path: Path, seconds: float) -> float:
    """Move business time forward and return the new offset; raise `Problem` for backwards."""
    if not 0 < seconds <= 3650 * SECONDS_PER_DAY:
        raise Problem("Business time only goes forward, by up to ten years at a time: clock +2.")
    with path.with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        offset = offset_seconds(path) + seconds
        write_private(path, f"{offset:.0f}\n")
    return offset


def seconds_in(days: str) -> float:
    """Return `+2` or `0.5` days as seconds; raise `Problem` for anything else."""
    try:
        return float(days) * SECONDS_PER_DAY
    except ValueError:
        raise Problem(f"{days!r} is no number of days; say ./gendan clock +2.") from None
