"""Who asks: a person by a session's token, or a device by its key."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import falcon

from chassis import clock
from chassis.database import Store, Work
from chassis.errors import Forbidden, Unavailable
from chassis.principal import SYSTEM, Principal
from gateway import passwords, revocations, storage
from gateway.errors import Unauthenticated

_log = logging.getLogger(__name__)

DEVICE_ROLE = "scanner"
# Of longer ones none was ever given out.
_MAX_SECRET = 120
# How many tokens a process remembers for a moment; more are looked up again.
_MOST_KEPT = 5_000
# Idleness is counted in minutes: writing each use would be a commit for every request.
_USE_IS_WRITTEN_AFTER = timedelta(seconds=60)


class PasswordChangeNeeded(Forbidden):
    """The password is a one-time one or too old; only changing it is allowed."""

    code = "password_change_needed"
    en = "Change your password first: PUT /api/v1/session/password."
    zh = "请先修改密码：PUT /api/v1/session/password。"


@dataclass(frozen=True)
class Caller:
    """Who asks, and by what."""

    principal: Principal
    #: Hash of the token or key: tells sessions apart without being usable as one.
    secret_hash: str
    username: str = ""
    must_change_password: bool = False
    password_ends_at: datetime | None = None


ANYBODY = Caller(Principal("anybody", "anybody"), "")


@dataclass(frozen=True)
class _Known:
    """What was looked up of a secret, and until when it may be believed."""

    caller: Caller
    mark: bytes
    believed_until: float


class Authenticator(Protocol):
    """Finds who a request comes from."""

    def caller_of(self, request: falcon.Request) -> Caller:
        """Give who asks. Raises Unauthenticated."""
        ...


class StoredSecrets:
    """Finds callers by what the gateway's database knows of their token or key."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[tuple[str, str], _Known] = {}

    def caller_of(self, request: falcon.Request) -> Caller:
        """Give who asks. Raises Unauthenticated."""
        kind, _, secret = (request.auth or "").partition(" ")
        secret = secret.strip()
        if kind.lower() not in ("bearer", "device") or not 0 < len(secret) <= _MAX_SECRET:
            raise Unauthenticated
        # The hash is what is looked up: how long an index search takes tells nothing of it.
        secret_hash = passwords.digest(secret)
        mark = revocations.mark()
        # By its kind too: a session's token is no device's key.
        known_by = (kind.lower(), secret_hash)
        known = self._known.get(known_by)
        if known and known.mark == mark and time.monotonic() < known.believed_until:
            return known.caller
        look_up = self._person if kind.lower() == "bearer" else self._device
        caller = look_up(secret_hash)
        if len(self._known) >= _MOST_KEPT:
            self._known.clear()
        believed_until = time.monotonic() + revocations.KEPT_SECONDS
        self._known[known_by] = _Known(caller, mark, believed_until)
        return caller

    def _person(self, token_hash: str) -> Caller:
        now = clock.machine_now()

        def read(work: Work) -> tuple[Caller, bool]:
            row = storage.find_session(work.session, token_hash)
            idle = timedelta(minutes=work.setting("session.idle_minutes"))
            if (
                row is None
                or row.revoked_at is not None
                or row.locked
                or now >= row.ends_at
                or now >= row.used_at + idle
            ):
                raise Unauthenticated
            ends = row.password_changed_at + timedelta(days=work.setting("password.max_age_days"))
            caller = Caller(
                Principal(row.person_id, row.display_name, frozenset(row.roles)),
                token_hash,
                username=row.username,
                must_change_password=row.must_change_password or now >= ends,
                password_ends_at=ends,
            )
            return caller, now - row.used_at > _USE_IS_WRITTEN_AFTER

        caller, is_to_be_written = self._store.read(SYSTEM, read)
        if is_to_be_written:
            self._mark(lambda work: storage.mark_session_used(work.session, token_hash, now))
        return caller

    def _device(self, key_hash: str) -> Caller:
        now = clock.machine_now()

        def read(work: Work) -> tuple[storage.Device, bool]:
            device = storage.find_device_by_key(work.session, key_hash)
            if device is None or device.revoked_at is not None:
                raise Unauthenticated
            unwritten = device.used_at is None or now - device.used_at > _USE_IS_WRITTEN_AFTER
            return device, unwritten

        device, is_to_be_written = self._store.read(SYSTEM, read)
        if is_to_be_written:
            self._mark(lambda work: storage.mark_device_used(work.session, device.id, now))
        principal = Principal(
            f"device:{device.code}", device.name, frozenset({DEVICE_ROLE}), kind="device"
        )
        return Caller(principal, key_hash)

    def _mark(self, use: Callable[[Work], None]) -> None:
        """Write a use down, if that can be: a full disk must not keep those out who only read."""
        try:
            self._store.transact(SYSTEM, use)
        except Unavailable as refusal:
            _log.warning("a use is not written down: %s", refusal.code)
