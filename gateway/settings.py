"""What the gateway is told by its environment: its limits, each with its default."""

from dataclasses import dataclass
from pathlib import Path

from environs import Env

from chassis import settings


@dataclass(frozen=True)
class Limits:
    """How much one request may ask for, and how long it may take."""

    body_bytes: int = 1_048_576
    json_depth: int = 20
    #: Values in one body, counted at every depth.
    json_values: int = 20_000
    #: One attachment, and what its picture may unpack to.
    attachment_bytes: int = 10 * 1024 * 1024
    attachment_pixels: int = 50_000_000
    query_characters: int = 2_000
    query_fields: int = 50
    #: How long a call to a service may take before the caller is told to ask again.
    call_seconds: float = 10.0
    #: How many requests of one process may wait for the same service: fewer than there are
    #: threads, so that a stuck service does not take the others' requests down with it.
    calls_per_service: int = 16


@dataclass(frozen=True)
class Settings:
    """The environment of one gateway process."""

    process: settings.Settings
    limits: Limits
    database_url: str
    #: Proxies whose X-Forwarded-For is believed.
    trusted_proxies: frozenset[str]
    #: Where attachments lie, outside of what any web server serves; without it none are kept.
    attachments: Path | None = None


def from_environment() -> Settings:
    """Read the environment. Raises SettingMissing with a sentence that names the variable."""
    process = settings.from_environment()
    if not process.database_url:
        raise settings.SettingMissing("GENDAN_DATABASE_URL is not set")
    env = Env()
    usual = Limits()
    with env.prefixed("GENDAN_HTTP_"):
        limits = Limits(
            body_bytes=env.int("BODY_BYTES", usual.body_bytes),
            json_depth=env.int("JSON_DEPTH", usual.json_depth),
            json_values=env.int("JSON_VALUES", usual.json_values),
            attachment_bytes=env.int("ATTACHMENT_BYTES", usual.attachment_bytes),
            attachment_pixels=env.int("ATTACHMENT_PIXELS", usual.attachment_pixels),
            query_characters=env.int("QUERY_CHARACTERS", usual.query_characters),
            query_fields=env.int("QUERY_FIELDS", usual.query_fields),
            call_seconds=env.float("CALL_SECONDS", usual.call_seconds),
            calls_per_service=env.int("CALLS_PER_SERVICE", usual.calls_per_service),
        )
        proxies = env.list("TRUSTED_PROXIES", [], subcast=str.strip)
    folder = env.str("GENDAN_ATTACHMENTS_DIR", "")
    return Settings(
        process,
        limits,
        process.database_url,
        frozenset(filter(None, proxies)),
        Path(folder) if folder else None,
    )
