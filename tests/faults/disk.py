"""Small disks, made for being full: memory mounted as a file system, as root alone can."""

import errno
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from deploy.local.places import Account

_BALLAST = "ballast"
_BLOCK = b"\0" * 65_536


@lru_cache(maxsize=1)
def cannot_be_made() -> str | None:
    """Say why no small disk can be made here, or None where one can."""
    if os.geteuid() != 0:
        return "only root can mount a small disk"
    with tempfile.TemporaryDirectory() as folder:
        refused = _mount(Path(folder), megabytes=1, options=())
        if refused is None:
            _unmount(Path(folder))
    return refused and f"a small disk cannot be mounted: {refused}"


@contextmanager
def small_disk(folder: Path, *, megabytes: int, account: Account | None) -> Iterator[Path]:
    """Mount a disk of so many megabytes at a new folder for as long as the block lasts."""
    folder.mkdir()
    owner = (f"uid={account.uid}", f"gid={account.gid}") if account else ()
    refused = _mount(folder, megabytes=megabytes, options=(*owner, "mode=0700"))
    try:
        assert refused is None, refused
        yield folder
    finally:
        if refused is None:
            _unmount(folder)
        folder.rmdir()


@contextmanager
def full(disk: Path) -> Iterator[None]:
    """Leave not a byte free on a disk for as long as the block lasts."""
    ballast = disk / _BALLAST
    try:
        with ballast.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(_BLOCK)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
        yield
    finally:
        ballast.unlink(missing_ok=True)


def _mount(folder: Path, *, megabytes: int, options: tuple[str, ...]) -> str | None:
    """Mount memory at a folder; give what was said against it."""
    chosen = ",".join((f"size={megabytes}m", *options))
    tried = subprocess.run(
        ["/bin/mount", "-t", "tmpfs", "-o", chosen, "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    return None if tried.returncode == 0 else tried.stderr.strip() or "no reason given"


def _unmount(folder: Path) -> None:
    # Lazily: whoever still has a file open there keeps only that.
    subprocess.run(["/bin/umount", "--lazy", str(folder)], check=True, capture_output=True)
