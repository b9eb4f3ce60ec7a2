"""What processes use, by /proc: a process with all its descendants, engines included."""

import os
from pathlib import Path

from deploy.local.health import family

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pids: list[int]) -> float:
    """Give what processes and their ended children have used so far of all cores."""
    return sum(_cpu_seconds(pid) for pid in pids)


def _cpu_seconds(pid: int) -> float:
    try:
        # The program's name stands in brackets and may hold anything, blanks too.
        facts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    # user, system, and both of children waited for: fields 14 to 17 of proc(5).
    return sum(int(fact) for fact in facts[11:15]) / _TICKS_PER_SECOND


def descendants(pid: int) -> list[int]:
    """Give the processes that stem from a process, without itself."""
    return family(pid)[1:]
