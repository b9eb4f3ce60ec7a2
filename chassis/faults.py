"""Named points at which a process kills itself, so that tests can stop it exactly there.

They exist only in the try-out profile and only while one of two variables is set.
GENDAN_FAULT_POINT is a point's name, or `name:3` to pass it twice first; `GENDAN_FAULT_ONCE`
names a file whose existence disarms all points and which is created just before the kill, so
that a supervisor's restart of the same process with the same environment is not killed again.
GENDAN_FAULT_FILE names a file that arms a running process: the point that it holds, taken away
by the one process that dies of it.
"""

import os
import signal
from contextlib import suppress
from pathlib import Path

_armed, _, _count = os.environ.get("GENDAN_FAULT_POINT", "").partition(":")
_left = int(_count or 1)
_once = os.environ.get("GENDAN_FAULT_ONCE")
_file = os.environ.get("GENDAN_FAULT_FILE")
if os.environ.get("GENDAN_PROFILE") != "tryout":
    _armed, _file = "", None


def point(name: str) -> None:
    """Die here by SIGKILL if this point is armed."""
    global _left  # noqa: PLW0603  the count is the process's own
    if _file is not None:
        _die_if_told(Path(_file), name)
    if not _armed or name != _armed:
        return
    if _once and Path(_once).exists():
        return
    _left -= 1
    if _left > 0:
        return
    if _once:
        Path(_once).touch()
    os.kill(os.getpid(), signal.SIGKILL)


def _die_if_told(file: Path, name: str) -> None:
    # Of several replicas that come by, the one that removes the file dies.
    with suppress(FileNotFoundError):
        if file.read_text() == name:
            file.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
