"""A client of the API for many requests at once, over kept connections."""

import hashlib
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import requests

from deploy.local.problems import Problem

API = "/api/v1"
TIMEOUT_SECONDS = 30.0
# How long a refusal that time heals is asked again: another service has not heard of the
# customer or product yet, a part is away, or the gateway is full.
PATIENCE_SECONDS = 90.0
_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 0.05, 1.0
_NOT_HEARD_YET = {"customer_not_known", "product_not_known"}
_BUSY = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}


class Refused(Problem):
    """The system refuses a request; `code` is the problem document's."""

    def __init__(self, status: int, code: str, said: str) -> None:
        super().__init__(said)
        self.status, self.code = status, code


class NotAnswering(Problem):
    """Nothing that is sent now would be done: the system is away, or the session has ended."""


@dataclass(frozen=True)
class Answered:
    """What a request was answered."""

    body: Any
    etag: str | None


@dataclass(frozen=True)
class _Seat:
    """A signed-in person."""

    token: str
    permissions: frozenset[str]


class Api:
    """Speaks for people with accounts; each request goes by the first of them who may.

    They sign in when they are needed: an import is mostly the administrator's work. Several
    threads may ask at once; once `ended` is set, nothing more is asked.
    """

    def __init__(self, url: str, passwords: Mapping[str, str]) -> None:
        self._url = url.rstrip("/") + API
        self._local = threading.local()
        self._signing_in = threading.Lock()
        self._waiting = sorted(passwords.items(), key=lambda each: each[0] != "admin")
        self._seats: list[_Seat] = []
        self._not_let_in: list[str] = []
        self.ended = threading.Event()

    def require(self, permissions: set[str]) -> None:
        """Raise Problem unless somebody has each of these permissions."""
        lacking = sorted(each for each in permissions if self._seat(each) is None)
        if lacking:
            said = [
                f"None of the accounts may do this: {', '.join(lacking)}.",
                "gateway/permissions.toml says which roles may.",
                *self._not_let_in,
            ]
            raise Problem(" ".join(said))

    def get(self, permission: str, path: str, **query: Any) -> Answered | None:
        """Give what stands at `path`, or None.

        Raises Refused for any other refusal, NotAnswering, as all that asks.
        """
        try:
            return self._send(permission, "GET", path, query=query)
        except Refused as refused:
            if refused.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    def post(
        self, permission: str, path: str, body: Mapping[str, Any], *, etag: str | None = None
    ) -> Answered:
        """Command something. The key is made of the content, so that a repeat is the same."""
        return self._send(permission, "POST", path, body=body, etag=etag)

    def patch(self, permission: str, path: str, body: Mapping[str, Any], etag: str) -> Answered:
        """Edit something in the version that was read."""
        return self._send(permission, "PATCH", path, body=body, etag=etag)

    def _seat(self, permission: str) -> _Seat | None:
        with self._signing_in:
            while True:
                for seat in self._seats:
                    if permission in seat.permissions:
                        return seat
                if not self._waiting:
                    return None
                seat_or_why = self._sign_in(*self._waiting.pop(0))
                if isinstance(seat_or_why, _Seat):
                    self._seats.append(seat_or_why)
                else:
                    self._not_let_in.append(seat_or_why)

    def _sign_in(self, username: str, password: str) -> _Seat | str:
        credentials = {"username": username, "password": password}
        try:
            opened = self._once("POST", "/session", {}, credentials, {})
            if not opened.ok:
                return f"{username} cannot sign in: {_said(opened)[1]}"
            token = str(opened.json()["token"])
            me = self._once("GET", "/session", {}, None, _bearer(token))
        except requests.RequestException as error:
            raise NotAnswering(f"{self._url} does not answer: is ./gendan up running?") from error
        if not me.ok or me.json()["must_change_password"]:
            return f"{username} has to change the password first."
        return _Seat(token, frozenset(me.json()["permissions"]))

    def _send(
        self,
        permission: str,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        etag: str | None = None,
    ) -> Answered:
        seat = self._seat(permission)
        if seat is None:
            raise Problem(f"None of the accounts may do this: {permission}.")
        headers = _bearer(seat.token)
        if method == "POST":
            headers["Idempotency-Key"] = key_of(path, body or {})
        if etag is not None:
            headers["If-Match"] = etag
        give_up = time.monotonic() + PATIENCE_SECONDS
        wait = _FIRST_WAIT_SECONDS
        while not self.ended.is_set():
            try:
                response = self._once(method, path, query or {}, body, headers)
            except requests.RequestException as error:
                # Nobody knows whether it was done; with the same key it is asked again.
                why: Problem = NotAnswering(f"{self._url} gives {type(error).__name__}")
                heals = True
            else:
                if response.ok:
                    content = response.json() if response.content else None
                    return Answered(content, response.headers.get("ETag"))
                why, heals = _refusal(response)
            if not heals or time.monotonic() > give_up:
                raise why
            self.ended.wait(wait)
            wait = min(wait * 2, _LONGEST_WAIT_SECONDS)
        raise NotAnswering("the import has ended")

    def _once(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any],
        body: Mapping[str, Any] | None,
        headers: Mapping[str, str],
    ) -> requests.Response:
        session = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            # No proxy of the environment comes between: the gateway is ours.
            session.trust_env = False
        response: requests.Response = session.request(
            method,
            self._url + path,
            params=dict(query),
            json=body,
            headers=dict(headers),
            timeout=TIMEOUT_SECONDS,
        )
        return response


def key_of(path: str, body: Mapping[str, Any]) -> str:
    """Give the idempotency key of a request: its content's hash."""
    text = json.dumps([path, body], sort_keys=True, ensure_ascii=False)
    return f"import-{hashlib.sha256(text.encode()).hexdigest()[:40]}"


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _refusal(response: requests.Response) -> tuple[Problem, bool]:
    """Give what a refusal is to be told as, and whether time heals it."""
    code, said = _said(response)
    if response.status_code in _BUSY:
        return NotAnswering(said), True
    if response.status_code == HTTPStatus.UNAUTHORIZED:
        return NotAnswering(said), False
    return Refused(response.status_code, code, said), code in _NOT_HEARD_YET


def _said(response: requests.Response) -> tuple[str, str]:
    try:
        problem = response.json()
    except ValueError:
        return "", f"{response.status_code} {response.reason}"
    return str(problem.get("code", "")), described(problem, response.reason)


def described(problem: Mapping[str, Any], otherwise: str) -> str:
    """Give a problem document as one line, each wrong field with its reasons."""
    said = str(problem.get("detail") or problem.get("title") or otherwise)
    named = [
        f"{each['field']}: {' '.join(each['messages'])}" for each in problem.get("errors") or []
    ]
    return "; ".join([said, *named])
