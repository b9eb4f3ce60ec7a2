"""A folder of books as rows, whoever wrote it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.import_books import northwind
from deploy.import_books.rows import Mistake, Row, read_as, read_table
from deploy.import_books.tables import TABLES
from deploy.local.problems import Problem


def read_books(folder: Path, mistakes: list[Mistake]) -> tuple[Mapping[str, list[Row]], list[str]]:
    """Read all tables of a folder; with what should be known of its files.

    Raises Problem if there is nothing to read.
    """
    try:
        there = _sheets(folder)
    except (FileNotFoundError, NotADirectoryError):
        raise Problem(f"{folder} is no folder.") from None
    except OSError as error:
        raise Problem(f"{folder} cannot be read: {error.strerror}.") from error
    if northwind.is_northwind(there):
        theirs = northwind.read(there, mistakes)
        return theirs, _remarks(folder, [there[n] for n in northwind.COLUMNS if n in there])
    ours = {name: there[table.file] for name, table in TABLES.items() if table.file in there}
    if not ours:
        files = ", ".join(table.file for table in TABLES.values())
        raise Problem(f"{folder} has none of {files}; docs/import.md describes them.")
    rows = {}
    for name, path in ours.items():
        before = len(mistakes)
        table = TABLES[name]
        found = read_table(path, mistakes, needed=table.needed(), allowed=table.columns)
        if found or len(mistakes) == before:
            rows[name] = found
    return rows, _remarks(folder, list(ours.values()))


def _sheets(folder: Path) -> dict[str, Path]:
    """Give the CSV files of a folder by their names in small letters."""
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".csv")
    # Of two that differ in their letters' size only, the last is the small one.
    return {path.name.lower(): path for path in found}


def _remarks(folder: Path, read: Sequence[Path]) -> list[str]:
    others = sorted(
        path.name for path in folder.iterdir() if path.suffix.lower() == ".csv" and path not in read
    )
    told = [f"{name} was not read: no file of that name is described" for name in others]
    for path in read:
        encoding, example = read_as(path)
        if encoding not in {"", "UTF-8"}:
            told.append(f"{path.name} was read as {encoding}: is {example!r} right?")
    return told
