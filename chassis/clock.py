"""The two times (ARCHITECTURE §4.12).

Machine time drives deadlines, leases, keys, sessions and logs and is never moved. Business
time is every date and moment the business speaks of: machine time plus an offset in seconds
that all processes read from the file named by GENDAN_CLOCK_FILE (unset or empty file: none).
"""

import os
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

BUSINESS_ZONE = ZoneInfo("Asia/Shanghai")

# How stale the offset may be: the file is looked at most this often per process.
_LOOK_EVERY_SECONDS = 0.2


class _Offset:
    """The offset of business time, read again when its file has changed."""

    def __init__(self) -> None:
        self._path: str | None = None
        self._stamp: tuple[int, int] | None = None
        self._looked_at = float("-inf")
        self._offset = timedelta()

    def now(self) -> timedelta:
        path = os.environ.get("GENDAN_CLOCK_FILE")
        if not path:
            return timedelta()
        if path == self._path and time.monotonic() - self._looked_at < _LOOK_EVERY_SECONDS:
            return self._offset
        self._looked_at = time.monotonic()
        try:
            status = os.stat(path)  # noqa: PTH116  a Path costs more than the look
            stamp = (status.st_mtime_ns, status.st_ino)
            if path != self._path or stamp != self._stamp:
                text = Path(path).read_text(encoding="ascii").strip()
                self._offset = timedelta(seconds=float(text or 0))
                self._path, self._stamp = path, stamp
        except FileNotFoundError:
            self._offset, self._path, self._stamp = timedelta(), path, None
        return self._offset


_offset = _Offset()


def machine_now() -> datetime:
    """Give the machine's time, aware, in UTC."""
    return datetime.now(UTC)


def business_now() -> datetime:
    """Give the business's time, aware, in UTC."""
    return machine_now() + _offset.now()


def business_date(moment: datetime) -> date:
    """Give the calendar day of an aware `moment` in the business's zone."""
    return moment.astimezone(BUSINESS_ZONE).date()
