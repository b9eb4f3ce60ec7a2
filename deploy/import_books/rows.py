"""Rows of CSV files, with the places that a person needs to find them again."""

import csv
import io
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import ascii_uppercase

from deploy.local.problems import Problem

# Excel writes either of them in China; UTF-8 is tried first because GB 18030 reads almost anything.
ENCODINGS = {"UTF-8": "utf-8-sig", "GB 18030": "gb18030"}

# A first line for Excel, which shows it to nobody: its rows are counted from the next.
_SEPARATOR = re.compile(r'sep=(?P<separator>[^"\r\n])(\r\n|\r|\n)', re.IGNORECASE)

# What else is found between cells: of other programs, or typed with a Chinese keyboard.
_OTHER_SEPARATORS = ";\t|，；"

# Every table has more; a file that shows one column is empty or not separated by commas.
_LEAST_COLUMNS = 2


@dataclass(frozen=True)
class Mistake:
    """Something wrong in a file: where, what, and what would be right."""

    file: str
    row: int
    column: str
    what: str

    def __str__(self) -> str:
        column = f", column {self.column}" if self.column else ""
        return f"{self.file} row {self.row}{column}: {self.what}"


@dataclass(frozen=True)
class Row:
    """One row: its cells that are not empty, by column, and where it stands (the header is row 1).

    `named` says what a column is called in the file, where an adapter renamed it.
    """

    file: str
    number: int
    cells: Mapping[str, str]
    named: Mapping[str, str] = field(default_factory=dict)

    def mistake(self, column: str, what: str) -> Mistake:
        """Say what is wrong with a cell."""
        return Mistake(self.file, self.number, self.named.get(column, column), what)


def read_table(
    path: Path,
    mistakes: list[Mistake],
    *,
    needed: Iterable[str],
    allowed: Collection[str] | None = None,
) -> list[Row]:
    """Read a CSV file that has to have some columns, and no other ones if `allowed` are given.

    Where its header is wrong nothing is read: every row would say the same once more.
    """
    header = header_of(path)
    if len(header) < _LEAST_COLUMNS:
        # What is no table is told as what it is, not column by column.
        before = len(mistakes)
        read_rows(path, mistakes)
        if len(mistakes) > before:
            return []
    missing = [column for column in needed if column not in header]
    mistakes += [Mistake(path.name, 1, column, "is missing") for column in missing]
    unknown = [
        (at, name) for at, name in enumerate(header) if allowed is not None and name not in allowed
    ]
    mistakes += [
        Mistake(path.name, 1, name, f"is no column; there are {', '.join(allowed or ())}")
        if name
        else Mistake(path.name, 1, ascii_uppercase[at % 26], "has no name")
        for at, name in unknown
    ]
    return [] if missing or unknown else read_rows(path, mistakes)


def read_rows(path: Path, mistakes: list[Mistake]) -> list[Row]:
    """Read a CSV file whose first row names the columns; what cannot be read is a mistake."""
    text, _ = _decoded(path)
    if text is None:
        what = "is neither UTF-8 nor GB 18030: save it as CSV UTF-8"
        mistakes.append(Mistake(path.name, 1, "", what))
        return []
    records = _records(text)
    rows: list[Row] = []
    number = 0
    try:
        header = _named(next(records, []))
        if mistaken := _about_header(path.name, header):
            mistakes += mistaken
            return []
        number = 1
        for number, record in enumerate(map(_without_empty_end, records), start=2):
            if len(record) > len(header):
                what = f"has {len(record)} cells, the header has {len(header)}"
                mistakes.append(Mistake(path.name, number, "", what))
            elif any(cell.strip() for cell in record):
                cells = {n: c.strip() for n, c in zip(header, record, strict=False) if c.strip()}
                rows.append(Row(path.name, number, cells))
    except csv.Error as error:
        mistakes.append(Mistake(path.name, number + 1, "", f"is no CSV: {error}"))
    return rows


def header_of(path: Path) -> list[str]:
    """Give the names in the first row of a CSV file; none if it cannot be read."""
    try:
        return _named(next(_records(_decoded(path)[0] or ""), []))
    except csv.Error:
        return []


def read_as(path: Path) -> tuple[str, str]:
    """Give the encoding that a file was read in, and a cell by which a person can tell."""
    text, encoding = _decoded(path)
    cells = (cell for record in _records(text or "") for cell in record if not cell.isascii())
    try:
        return encoding, next(cells, "").strip()
    except csv.Error:
        return encoding, ""


def _records(text: str) -> Iterator[list[str]]:
    """Give the records of a CSV; only line ends of files end a line, not all that Unicode has."""
    told = _SEPARATOR.match(text)
    table = text[told.end() :] if told else text
    separator = told["separator"] if told else ","
    return csv.reader(io.StringIO(table, newline=""), strict=True, delimiter=separator)


def _named(header: Sequence[str]) -> list[str]:
    return [name.strip() for name in _without_empty_end(header)]


def _without_empty_end(record: Sequence[str]) -> Sequence[str]:
    """Give a record without the empty cells that spreadsheets write to the right of a table."""
    last = max((at for at, cell in enumerate(record, start=1) if cell.strip()), default=0)
    return record[:last]


def _decoded(path: Path) -> tuple[str | None, str]:
    """Give a file's text, None if it is none, and the name of the encoding it was read in."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise Problem(f"{path} cannot be read: {error.strerror}.") from error
    if b"\0" in raw[:2]:
        return None, ""  # UTF-16 without its mark, which would pass for text full of zeros.
    for name, encoding in ENCODINGS.items():
        try:
            return raw.decode(encoding), name
        except UnicodeDecodeError:
            continue
    return None, ""


def _about_header(file: str, header: Sequence[str]) -> list[Mistake]:
    if not header:
        return [Mistake(file, 1, "", "is empty: the first row names the columns")]
    if len(header) == 1 and any(mark in header[0] for mark in _OTHER_SEPARATORS):
        what = "is not separated by commas, and no first line like sep=; says by what"
        return [Mistake(file, 1, "", what)]
    twice = sorted({name for name in header if header.count(name) > 1})
    return [Mistake(file, 1, name, "stands there twice") for name in twice]
