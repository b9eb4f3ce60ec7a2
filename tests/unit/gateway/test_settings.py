"""What the gateway is told by its environment."""

import pytest

from gateway.settings import from_environment


def test_trusted_proxies_are_read_as_people_write_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENDAN_DATABASE_URL", "postgresql+psycopg2://nobody@127.0.0.1:1/none")
    monkeypatch.setenv("GENDAN_AMQP_URL", "amqp://nobody@127.0.0.1:1//")
    monkeypatch.setenv("GENDAN_HTTP_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.1,")

    assert from_environment().trusted_proxies == {"127.0.0.1", "10.0.0.1"}
