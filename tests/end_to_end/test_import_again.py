"""Books that are refused, interrupted, mended and brought again, through the whole system."""

from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from deploy.import_books.load import Incomplete, load_book, read_and_check
from deploy.import_books.sending import Api
from deploy.import_books.steps import codes_known
from tests.system import System

Files = Callable[..., Path]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Write a folder of books, in place of those written before."""

    def write(**tables: str) -> Path:
        for old in tmp_path.iterdir():
            old.unlink()
        for name, text in tables.items():
            (tmp_path / f"{name}.csv").write_text(text)
        return tmp_path

    return write


@pytest.fixture
def api(system: System) -> Api:
    return Api(system.url, system.passwords)


def test_an_import_whose_session_has_ended_stops_at_once_and_says_so(
    api: Api, system: System, files: Files
) -> None:
    folder = files(regions="region_code,name\nAGAIN-1,一\nAGAIN-2,二\nAGAIN-3,三\n")
    book = read_and_check(folder)
    api.require({"carriers.read"})
    token = {"Authorization": f"Bearer {api._seats[0].token}"}
    assert requests.delete(f"{system.url}/api/v1/session", headers=token, timeout=30).ok

    with pytest.raises(Incomplete) as incomplete:
        load_book(book, api)

    assert str(incomplete.value).startswith("The system does not answer: ")
    assert "AGAIN" not in str(incomplete.value)


def test_a_code_that_the_system_cannot_know_is_a_mistake_of_its_row(api: Api) -> None:
    assert not codes_known(api)("products", "rj-1")
    assert not codes_known(api)("products", "收银纸")
    assert not codes_known(api)("customers", "NOBODY")
