"""Tells all worker processes of a gateway at once that sessions or devices were revoked.

Each worker keeps what it knows of a token for a moment. A mark in memory shared by fork (the
server's configuration imports this module in the master) makes them all forget it at once;
another machine's gateway forgets within `KEPT_SECONDS`.
"""

import mmap
import secrets

KEPT_SECONDS = 2.0

_shared = mmap.mmap(-1, 8)


def mark() -> bytes:
    """Give the present mark: what was learnt under another one is to be forgotten."""
    return _shared[:8]


def announce() -> None:
    """Set a new mark; called after the change is committed."""
    _shared[:8] = secrets.token_bytes(8)
