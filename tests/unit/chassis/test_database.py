"""Connecting to a database that does not behave like one."""

import socket
from collections.abc import Iterator

import pytest
from eventlet.support.psycopg2_patcher import make_psycopg_green
from psycopg2.extensions import set_wait_callback
from sqlalchemy.exc import OperationalError

from chassis import database


@pytest.fixture
def green() -> Iterator[None]:
    """Let psycopg2 wait as it does in services."""
    make_psycopg_green()
    yield
    set_wait_callback(None)


@pytest.mark.usefixtures("green")
def test_a_server_that_takes_the_connection_and_says_nothing_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        engine = database.connect(
            f"postgresql+psycopg2://x@127.0.0.1:{port}/x", application="test", pool_size=1
        )
        monkeypatch.setattr(database, "CONNECT_TIMEOUT_SECONDS", 0.1)

        with pytest.raises(OperationalError, match="does not answer"):
            engine.connect()
