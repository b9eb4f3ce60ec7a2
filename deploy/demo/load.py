"""The example book: a small paper company, loaded as any company's books are."""

from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from deploy.import_books.load import Report, load_book, read_and_check
from deploy.import_books.sending import Api

EXAMPLE_BOOK = Path(__file__).parent / "book"


def load_example_book(
    url: str, passwords: Mapping[str, str], console: Console | None = None
) -> Report:
    """Load the example book through the API at `url`; loading it again repeats nothing."""
    return load_book(read_and_check(EXAMPLE_BOOK), Api(url, passwords), console)
