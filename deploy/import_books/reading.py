"""A folder of books as rows, whoever wrote it."""

from collections.abc import Mapping
from pathlib import Path

from deploy.import_books import northwind
from deploy.import_books.rows import Mistake, Row, header_of, read_rows
from deploy.import_books.tables import TABLES
from deploy.local.problems import Problem

# Every table has more; a file that shows one column is empty or not separated by commas.
_LEAST_COLUMNS = 2


def read_books(folder: Path, mistakes: list[Mistake]) -> Mapping[str, list[Row]]:
    """Read all tables of a folder. Raises Problem if there is nothing to read."""
    if not folder.is_dir():
        raise Problem(f"{folder} is no folder.")
    if northwind.is_northwind(folder):
        return northwind.read(folder, mistakes)
    rows: dict[str, list[Row]] = {}
    for name, table in TABLES.items():
        path = folder / table.file
        if path.exists():
            header = header_of(path)
            if len(header) < _LEAST_COLUMNS:
                # What is no table of ours is told as what it is, not column by column.
                before = len(mistakes)
                read_rows(path, mistakes)
                if len(mistakes) > before:
                    continue
            missing = [column for column in table.needed() if column not in header]
            mistakes += [Mistake(path.name, 1, column, "is missing") for column in missing]
            unknown = [column for column in header if column not in table.columns]
            allowed = ", ".join(table.columns)
            mistakes += [
                Mistake(path.name, 1, column, f"is no column; there are {allowed}")
                for column in unknown
            ]
            # Every row of a file that lacks a column would say the same once more.
            if not missing and not unknown:
                rows[name] = read_rows(path, mistakes)
    if not rows and not mistakes:
        files = ", ".join(table.file for table in TABLES.values())
        raise Problem(f"{folder} has none of {files}; docs/import.md describes them.")
    return rows
