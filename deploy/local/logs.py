"""`./gendan logs`: the last lines of every part's log, and what is written next."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from deploy.local.problems import Problem

LAST_LINES = 40
LAST_BYTES = 64_000
LOOK_SECONDS = 0.3


def chosen(logs: Path, part: str | None) -> list[Path]:
    """Return the log files of a part (all of its replicas) or of every part."""
    files = sorted(logs.glob("*.log"))
    if part is None:
        return files
    found = [path for path in files if part in (path.stem, path.stem.partition(".")[0])]
    if not found:
        known = ", ".join(sorted({path.stem.partition(".")[0] for path in files})) or "none yet"
        raise Problem(f"There is no log of {part}; there are: {known}.")
    return found


def tail(path: Path, lines: int = LAST_LINES) -> list[str]:
    """Return the last lines of a file without reading all of it."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - LAST_BYTES))
        text = file.read().decode(errors="replace")
    return text.splitlines()[-lines:]


def show(files: list[Path], say: Callable[[str], None]) -> None:
    """Print the last lines of each file, each line headed by its part."""
    for path in files:
        for line in tail(path):
            say(headed(path, line))


def follow(files: list[Path], say: Callable[[str], None]) -> None:
    """Print what is written to the files from now on, until interrupted."""
    following = Following(files)
    while True:
        for path, line in following.fresh():
            say(headed(path, line))
        time.sleep(LOOK_SECONDS)


class Following:
    """How far each file has been read; what comes after is fresh."""

    def __init__(self, files: list[Path]) -> None:
        self._places = {path: path.stat().st_size for path in files}

    def fresh(self) -> Iterator[tuple[Path, str]]:
        """Yield whole lines written since; a file that was made anew is read from its start."""
        for path, place in self._places.items():
            size = path.stat().st_size if path.exists() else 0
            if size == place:
                continue
            start = place if size > place else 0
            with path.open("rb") as file:
                file.seek(start)
                whole, newline, _ = file.read().rpartition(b"\n")
            self._places[path] = start + len(whole) + len(newline)
            for line in whole.decode(errors="replace").splitlines():
                yield path, line


def headed(path: Path, line: str) -> str:
    return f"{path.stem:<14} {line}"
