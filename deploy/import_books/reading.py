"""A folder of books as rows, whoever wrote it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from string import ascii_uppercase

from deploy.import_books import northwind
from deploy.import_books.rows import Mistake, Row, header_of, read_as, read_rows
from deploy.import_books.tables import TABLES, Table
from deploy.local.problems import Problem

# Every table has more; a file that shows one column is empty or not separated by commas.
_LEAST_COLUMNS = 2


def read_books(folder: Path, mistakes: list[Mistake]) -> tuple[Mapping[str, list[Row]], list[str]]:
    """Read all tables of a folder; with what should be known of its files.

    Raises Problem if there is nothing to read.
    """
    if not folder.is_dir():
        raise Problem(f"{folder} is no folder.")
    there = _sheets(folder)
    if northwind.is_northwind(folder):
        rows = northwind.read(folder, mistakes)
        return rows, _remarks(folder, [folder / name for name in northwind.FILES])
    ours = {name: there[table.file] for name, table in TABLES.items() if table.file in there}
    if not ours:
        files = ", ".join(table.file for table in TABLES.values())
        raise Problem(f"{folder} has none of {files}; docs/import.md describes them.")
    rows = {}
    for name, path in ours.items():
        before = len(mistakes)
        found = _table(TABLES[name], path, mistakes)
        # Every row of a file that lacks a column would say the same once more.
        if found or len(mistakes) == before:
            rows[name] = found
    return rows, _remarks(folder, list(ours.values()))


def _sheets(folder: Path) -> dict[str, Path]:
    """Give the CSV files of a folder by their names in small letters."""
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".csv")
    # Of two that differ in their letters' size only, the last is the small one.
    return {path.name.lower(): path for path in found}


def _table(table: Table, path: Path, mistakes: list[Mistake]) -> list[Row]:
    header = header_of(path)
    if len(header) < _LEAST_COLUMNS:
        # What is no table of ours is told as what it is, not column by column.
        before = len(mistakes)
        read_rows(path, mistakes)
        if len(mistakes) > before:
            return []
    missing = [column for column in table.needed() if column not in header]
    unknown = [(at, name) for at, name in enumerate(header) if name not in table.columns]
    allowed = ", ".join(table.columns)
    mistakes += [Mistake(path.name, 1, column, "is missing") for column in missing]
    mistakes += [
        Mistake(path.name, 1, name, f"is no column; there are {allowed}")
        if name
        else Mistake(path.name, 1, ascii_uppercase[at % 26], "has no name")
        for at, name in unknown
    ]
    return [] if missing or unknown else read_rows(path, mistakes)


def _remarks(folder: Path, read: Sequence[Path]) -> list[str]:
    others = sorted(
        path.name for path in folder.iterdir() if path.suffix.lower() == ".csv" and path not in read
    )
    told = [f"{name} was not read: no file of that name is described" for name in others]
    for path in read:
        encoding, example = read_as(path)
        if encoding != "UTF-8":
            told.append(f"{path.name} was read as {encoding}: is {example!r} right?")
    return told
