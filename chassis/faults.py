"""Named points at which a process kills itself, so that tests can stop it exactly there.

They exist only while GENDAN_FAULT_POINT is set, in the try-out profile. The value
is a point's name, or `name:3` to pass it twice first; `GENDAN_FAULT_ONCE` names a file whose
existence disarms all points and which is created just before the kill, so that a supervisor's
restart of the same process with the same environment is not killed again.
"""

import os
import signal
from pathlib import Path

_armed, _, _count = os.environ.get("GENDAN_FAULT_POINT", "").partition(":")
_left = int(_count or 1)
_once = os.environ.get("GENDAN_FAULT_ONCE")
if os.environ.get("GENDAN_PROFILE") != "tryout":
    _armed = ""


def point(name: str) -> None:
    """Die here by SIGKILL if this point is armed."""
    global _left  # noqa: PLW0603  the count is the process's own
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
