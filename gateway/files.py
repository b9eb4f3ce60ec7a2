"""The folder of attachments' bytes: each content once, under its own hash, whole or not at all."""

import hashlib
import os
import re
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from chassis.errors import Unavailable
from gateway import file_kinds
from gateway.file_kinds import Kind

HASH = re.compile(r"[0-9a-f]{64}")
_INCOMING = "incoming"
# Neither can half a surrogate pair stand in the database, which a form's charset may spell.
_NOT_IN_NAMES = re.compile(
    r'[\x00-\x1f\x7f-\x9f<>:"/\\|?*\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff]'
)
_MOST_NAME_CHARACTERS = 80


class AttachmentsUnavailable(Unavailable):
    """No folder for attachments is set, or it cannot be used."""

    code = "attachments_unavailable"
    en = "Attachments cannot be kept or read now: {why}."
    zh = "附件暂时无法存取：{why}。"


@dataclass(frozen=True)
class Content:
    """A file's bytes as they are known: by hash, length and kind."""

    hash: str
    size: int
    kind: Kind


class Incoming:
    """A file that is arriving: written beside the others, not yet one of them."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self._file = file
        self._path = path
        self._digest = hashlib.sha256()
        self.size = 0

    def write(self, chunk: bytes) -> None:
        self._file.write(chunk)
        self._digest.update(chunk)
        self.size += len(chunk)

    def recognised(self, *, most_pixels: int) -> Content:
        """Give what has arrived. Raises FileRefused or ImageTooLarge."""
        self._file.flush()
        kind = file_kinds.recognise(self._file, self.size, most_pixels=most_pixels)
        return Content(self._digest.hexdigest(), self.size, kind)

    def move_to(self, target: Path) -> None:
        """Make it one of the others: from here on it survives the loss of power."""
        self._file.flush()
        os.fsync(self._file.fileno())
        target.parent.mkdir(mode=0o700, exist_ok=True)
        # Over an equal one, which may be what a crash left of it.
        self._path.replace(target)
        for folder in (target.parent, target.parent.parent):
            _sync_folder(folder)


class Files:
    """The folder; outside of what any web server serves."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    @contextmanager
    def incoming(self) -> Iterator[Incoming]:
        """Open a file to write into; unless it is kept, nothing of it stays.

        Raises AttachmentsUnavailable, also where the disk is full before the end.
        """
        folder = self._checked() / _INCOMING
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=folder)
        except OSError as error:
            raise AttachmentsUnavailable(why=error.strerror) from error
        try:
            with os.fdopen(handle, "w+b") as file:
                yield Incoming(file, Path(name))
        except OSError as error:
            raise AttachmentsUnavailable(why=error.strerror) from error
        finally:
            Path(name).unlink(missing_ok=True)

    def keep(self, arrived: Incoming, content: Content) -> None:
        """Keep a file under its hash. Raises AttachmentsUnavailable."""
        try:
            arrived.move_to(self.path_of(content.hash))
        except OSError as error:
            raise AttachmentsUnavailable(why=error.strerror) from error

    def read(self, content_hash: str) -> BinaryIO:
        """Open a file to be read. Raises AttachmentsUnavailable."""
        try:
            return self.path_of(content_hash).open("rb")
        except OSError as error:
            raise AttachmentsUnavailable(why=error.strerror) from error

    def path_of(self, content_hash: str) -> Path:
        """Give where a content lies; only what is a hash becomes part of a path."""
        if not HASH.fullmatch(content_hash):
            raise ValueError("not a content hash")
        return self._checked() / content_hash[:2] / content_hash

    def _checked(self) -> Path:
        if self._folder is None:
            raise AttachmentsUnavailable(why="GENDAN_ATTACHMENTS_DIR is not set")
        return self._folder


def safe_name(given: str, kind: Kind) -> str:
    """Give a file's name as it may be shown and saved anywhere: no path, no tricks.

    The ending is that of what the file is, whatever it was called.
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", given))[-1]
    stem = _NOT_IN_NAMES.sub("", last).strip(". ")
    for suffix in (".pdf", ".png", ".jpg", ".jpeg"):
        if stem.lower().endswith(suffix):
            stem = stem[: -len(suffix)].rstrip(". ")
            break
    return (stem[:_MOST_NAME_CHARACTERS].rstrip(". ") or "attachment") + kind.suffix


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
