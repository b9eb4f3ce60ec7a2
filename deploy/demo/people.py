"""People at their desks: signed-in clients of the HTTP API, one per role."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, ClassVar
from uuid import uuid4

import requests

API = "/api/v1"
# How long a fact announced by one service may take until another shows it.
PATIENCE_SECONDS = 30.0
_LOOK_EVERY_SECONDS = 0.05
_TRIES = 6
# Refusals of who asks; all others of the story are of how things stand.
_FORBIDDEN = frozenset({"permission_missing", "role_needed"})

Json = dict[str, Any]


class StoryDiffers(Exception):
    """The system did something else than SPEC says."""


@dataclass
class Refusal:
    """A refusal as its problem document tells it."""

    detail: str
    details: Json
    #: The fields of the request that are missing or wrong.
    fields: list[str]


@dataclass
class Person:
    """One signed-in person (or device); every command carries a key of its own."""

    base_url: str
    role: str
    headers: dict[str, str]
    patience_seconds: ClassVar[float] = PATIENCE_SECONDS
    session: requests.Session = field(default_factory=lambda: direct_session())  # noqa: PLW0108  told below

    def get(self, path: str, **query: Any) -> Any:
        """Ask; raises StoryDiffers unless it is answered 200."""
        return self._answered(self.send("GET", path, query=query))

    def post(
        self,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        while_refused: str | None = None,
    ) -> Any:
        """Command something new.

        With `while_refused`, the code of a refusal, anew until what it lacks has been heard of.
        """
        deadline = time.monotonic() + self.patience_seconds
        while True:
            response = self.send("POST", path, body=body)
            is_too_early = not response.ok and response.json().get("code") == while_refused
            if not is_too_early or time.monotonic() > deadline:
                return self._answered(response)
            time.sleep(_LOOK_EVERY_SECONDS)

    def move(self, path: str, verb: str, **body: Any) -> Any:
        """Make a move on what stands at `path`, in the version that stands there now."""
        return self._answered(self.try_(path, verb, **body))

    def try_(self, path: str, verb: str, **body: Any) -> requests.Response:
        """Make a move that may be refused; gives what is answered, whatever it is."""
        return self._versioned("POST", f"{path}/actions/{verb}", path, body)

    def edit(self, path: str, method: str = "PATCH", **body: Any) -> Any:
        """Edit what stands at `path`, in the version that stands there now."""
        return self._answered(self._versioned(method, path, path, body))

    def is_refused(self, code: str, path: str, verb: str | None = None, **body: Any) -> Refusal:
        """Try what must be refused with `code`; raises StoryDiffers if it is not.

        A move that is refused leaves version, content and history of what stands at `path`; one
        that does not is `is_refused_on_record`.
        """
        if verb is None:
            return self.refusal_of(self.send("POST", path, body=body), code)
        for attempt in range(_TRIES):
            before = self._trace(path)
            refusal = self.is_refused_on_record(code, path, verb, **body)
            after = self._trace(path)
            if before == after:
                return refusal
            # Something else may have been heard just then; what a refusal changes, each does.
            time.sleep(_LOOK_EVERY_SECONDS * 2**attempt)
        raise StoryDiffers(f"{path} {verb}, refused, changed {before} to {after}")

    def is_refused_on_record(self, code: str, path: str, verb: str, **body: Any) -> Refusal:
        """Try a move that must be refused with `code`, and of which something is kept."""
        return self.refusal_of(self.try_(path, verb, **body), code)

    def lacks(self, permission: str, path: str, verb: str, **body: Any) -> None:
        """Try a move for which the role has no permission."""
        refusal = self.is_refused("permission_missing", path, verb, **body)
        expect(refusal.details, {"permission": permission}, f"why {self.role} may not {verb}")

    def _trace(self, path: str) -> list[Any]:
        response = self.send("GET", path)
        trace = [response.headers.get("ETag"), self._answered(response)]
        if re.fullmatch(r"/orders/[^/]+", path):
            trace.append(self.get(f"{path}/history"))
        return trace

    def refusal_of(self, response: requests.Response, code: str) -> Refusal:
        """Read the refusal with `code`; raises StoryDiffers if something else was answered."""
        told = f"{self.role}: {response.request.path_url}"
        if response.ok:
            raise StoryDiffers(f"{told} should be refused: {code}")
        problem = response.json()
        status = HTTPStatus.FORBIDDEN if code in _FORBIDDEN else HTTPStatus.CONFLICT
        wanted = {
            "type": f"urn:gendan:problem:{code}",
            "title": status.phrase,
            "status": int(status),
            "code": code,
        }
        expect({name: problem.get(name) for name in wanted}, wanted, f"{told}: {problem}")
        kind = (response.status_code, response.headers["Content-Type"])
        expect(kind, (int(status), "application/problem+json"), told)
        return Refusal(
            problem["detail"],
            problem["details"],
            [wrong["field"] for wrong in problem.get("errors", [])],
        )

    def page(self, path: str) -> str:
        """Give a printable page."""
        response = self.send("GET", path, accept="text/html")
        if not response.ok:
            raise StoryDiffers(f"{path}: {response.status_code} {response.text[:300]}")
        return response.text

    def send(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        key: str | None = None,
        if_match: str | None = None,
        accept: str = "application/json",
    ) -> requests.Response:
        """Send a request as it is and give the response as it is.

        What was not answered, or asks for patience, is asked again: a command by its key, an
        edit by the version it is of.
        """
        headers = {**self.headers, "Accept": accept}
        if method == "POST":
            headers["Idempotency-Key"] = key or str(uuid4())
        if if_match is not None:
            headers["If-Match"] = if_match
        deadline = time.monotonic() + self.patience_seconds
        while True:
            try:
                response = self.session.request(
                    method,
                    self.base_url + API + path,
                    json=body if body is not None or method != "POST" else {},
                    params=dict(query or {}),
                    headers=headers,
                    timeout=PATIENCE_SECONDS,
                )
            except requests.ConnectionError:
                # The gateway closes a connection that was idle for long, also just now.
                if time.monotonic() > deadline:
                    raise
            else:
                if not _asks_for_patience(response) or time.monotonic() > deadline:
                    return response
            time.sleep(_LOOK_EVERY_SECONDS)

    def _versioned(
        self, method: str, address: str, path: str, body: Mapping[str, Any]
    ) -> requests.Response:
        # Events of other services move versions too; a stale one is read again, as a desk
        # client does that shows nothing of what changed in between.
        deadline = time.monotonic() + self.patience_seconds
        while True:
            seen = self.send("GET", path)
            tag = seen.headers.get("ETag")
            response = self.send(method, address, body=body, if_match=tag)
            comes_again = response.status_code == 412 or _came_before_its_order(response)
            if not comes_again or time.monotonic() > deadline:
                return response
            time.sleep(_LOOK_EVERY_SECONDS)

    def _answered(self, response: requests.Response) -> Any:
        if not response.ok:
            request = response.request
            raise StoryDiffers(
                f"{self.role}: {request.method} {request.path_url} → "
                f"{response.status_code} {response.text[:1500]}"
            )
        return response.json() if response.content else None


@dataclass
class Company:
    """Everybody of the story, and the means to let days pass."""

    base_url: str
    passwords: Mapping[str, str]
    advance_days: Callable[[float], None]
    say: Callable[[str], None]
    _people: dict[str, Person] = field(default_factory=dict)

    def __getattr__(self, role: str) -> Person:
        """Give the person of a role, e.g. `company.clerk`."""
        if role.startswith("_") or role not in self.passwords:
            raise AttributeError(role)
        return self.person(role)

    def person(self, role: str) -> Person:
        """Give the person of a role, signing in at first use."""
        if role not in self._people:
            self._people[role] = self._sign_in(role)
        return self._people[role]

    def _sign_in(self, role: str) -> Person:
        nobody = Person(self.base_url, role, {})
        answer = nobody.post("/session", {"username": role, "password": self.passwords[role]})
        return Person(self.base_url, role, {"Authorization": f"Bearer {answer['token']}"})

    def device(self, code: str, name: str) -> Person:
        """Enrol a scanner and give it."""
        enrolled = self.admin.post("/devices", {"code": code, "name": name})
        return Person(self.base_url, code, {"Authorization": f"Device {enrolled['key']}"})

    def await_(
        self, what: str, look: Callable[[], Any], until: Callable[[Any], bool] = bool
    ) -> Any:
        """Look until what was announced has arrived; raises StoryDiffers if it does not."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            seen = look()
            if until(seen):
                return seen
            if time.monotonic() > deadline:
                raise StoryDiffers(f"waited {PATIENCE_SECONDS:.0f} s in vain for: {what}; {seen}")
            time.sleep(_LOOK_EVERY_SECONDS)

    def await_stage(self, number: str, stage: str) -> Json:
        """Wait until an order stands in a stage."""
        order: Json = self.await_(
            f"{number} {stage}",
            lambda: self.clerk.get(f"/orders/{number}"),
            lambda order: order["stage"] == stage,
        )
        return order


def direct_session() -> requests.Session:
    """Give a session that reads no proxy from the environment: the API is on loopback."""
    session = requests.Session()
    session.trust_env = False
    return session


def _asks_for_patience(response: requests.Response) -> bool:
    """Say whether it is to be asked again, or its first attempt is still under way."""
    if response.status_code == 409:
        return bool(response.json().get("code") == "in_progress")
    return response.status_code == 503


def _came_before_its_order(response: requests.Response) -> bool:
    """Say whether a service had not heard of the order yet, as it does by its events."""
    return response.status_code == 409 and response.json().get("code") == "order_not_known_yet"


def only(told: Sequence[Any], what: str) -> Any:
    """Give the one thing that is told; raises StoryDiffers if it is none or several."""
    expect(len(told), 1, f"{what}, in {told}")
    return told[0]


def expect(told: Any, wanted: Any, what: str) -> None:
    """Raise StoryDiffers unless what the system tells is what SPEC wants."""
    if told != wanted:
        raise StoryDiffers(f"{what}: expected {wanted!r}, got {told!r}")
