"""A process's environment: what it must have, and what is refused."""

import ssl

import pytest

from chassis import settings
from chassis.settings import SettingMissing


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in list(os.environ):
        if name.startswith("GENDAN_"):
            monkeypatch.delenv(name)


def test_only_the_broker_must_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENDAN_AMQP_URL", "amqp://a:b@c/d")

    read = settings.from_environment()

    assert (read.amqp_url, read.database_url, read.profile, read.max_workers) == (
        "amqp://a:b@c/d", None, "production", 10,
    )  # fmt: skip
    assert not read.is_tryout
    assert read.amqp_ssl is None


def test_a_missing_broker_is_named() -> None:
    with pytest.raises(SettingMissing, match="GENDAN_AMQP_URL"):
        settings.from_environment()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GENDAN_MAX_WORKERS", "many"),
        ("GENDAN_PROFILE", "demo"),
        ("GENDAN_LOG_FORMAT", "xml"),
        ("GENDAN_METRICS_PORT", "http"),
    ],
)
def test_a_value_that_is_none_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv("GENDAN_AMQP_URL", "amqp://a:b@c/d")
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingMissing, match=name):
        settings.from_environment()


def test_amqps_checks_the_broker_s_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENDAN_AMQP_URL", "amqps://a:b@c/d")
    monkeypatch.setenv("GENDAN_AMQP_CA_FILE", "/etc/ca.pem")

    assert settings.from_environment().amqp_ssl == {
        "ca_certs": "/etc/ca.pem",
        "cert_reqs": ssl.CERT_REQUIRED,
        "server_hostname": None,
    }
