"""A running system with its people, watched, and the script of what they do."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import requests
from hypothesis import note

from deploy.demo.people import Company, Person
from deploy.local.engines import Engines
from gateway.permissions import ROLES
from tests.newcomers import taken_on
from tests.properties.watch import Watch, watching
from tests.system import System, running_system
from tests.templates import Templates

#: Somebody who holds every role, for looking at what is allowed to anybody.
EVERYBODY = "everybody"
#: Of the house from the beginning.
CARRIER = "YD"
PEOPLE = tuple(role for role in ROLES if role != "scanner")
_MOST_SHOWN = 200


@dataclass(frozen=True)
class Command:
    """Something that somebody sends, with all that is needed to send it again."""

    by: str
    method: str
    path: str
    body: Mapping[str, Any]
    key: str
    if_match: str | None = None


@dataclass(frozen=True)
class Told:
    """A command and its answer."""

    command: Command
    status: int
    answer: Any

    @property
    def is_done(self) -> bool:
        return 200 <= self.status < 300

    @property
    def is_refused(self) -> bool:
        return 400 <= self.status < 500

    @property
    def code(self) -> str | None:
        return self.answer.get("code") if isinstance(self.answer, dict) else None

    def __str__(self) -> str:
        command = self.command
        body = json.dumps(command.body, ensure_ascii=False)[:_MOST_SHOWN] if command.body else ""
        because = f" {self.answer.get('detail')}" if not self.is_done else ""
        return (
            f"{command.by}: {command.method} {command.path} {body}".rstrip()
            + f" → {self.status} {self.code or ''}{because}".rstrip()
        )


@dataclass
class House:
    """The system under test as people and as its databases show it."""

    system: System
    company: Company
    watch: Watch
    scanner: Person
    #: Where each line of the script goes; Hypothesis shows those of a minimal failing case.
    say: Callable[[str], object] = note
    _own: threading.local = field(default_factory=threading.local)

    def person(self, by: str) -> Person:
        """Give somebody on a connection of this thread's own."""
        known: dict[str, Person] = self._own.__dict__.setdefault("people", {})
        if by not in known:
            signed_in = self.scanner if by == "scanner" else self.company.person(by)
            known[by] = Person(signed_in.base_url, by, signed_in.headers)
        return known[by]

    def look(self, path: str, by: str = EVERYBODY) -> requests.Response:
        """Ask a question; nothing but an answer or a refusal is right."""
        response = self.person(by).send("GET", path)
        assert response.status_code < 500, f"{by}: GET {path} → {response.text}"
        return response

    def page(self, path: str) -> dict[str, Any]:
        """Give a page that is there, as somebody with every role sees it."""
        response = self.look(path)
        assert response.status_code == 200, f"GET {path} → {response.status_code} {response.text}"
        page: dict[str, Any] = response.json()
        return page

    def tell(
        self,
        by: str,
        method: str,
        path: str,
        body: Mapping[str, Any],
        *,
        if_match: str | None = None,
    ) -> Told:
        """Have somebody send a command under a new key, and write it into the script."""
        told = self.send(Command(by, method, path, body, str(uuid4()), if_match))
        self.say(f"    {told}")
        return told

    def send(self, command: Command) -> Told:
        """Send a command as it is; 503 is asked again, by the same key."""
        response = self.person(command.by).send(
            command.method,
            command.path,
            body=command.body,
            key=command.key,
            if_match=command.if_match,
        )
        answer = response.json() if "json" in response.headers.get("Content-Type", "") else None
        told = Told(command, response.status_code, answer)
        assert told.status < 500, str(told)
        return told


@contextmanager
def running_house(
    engines: Engines, templates: Templates, tag: str, folder: Path
) -> Iterator[House]:
    """Run a system and watch it for as long as the block lasts."""
    with (
        running_system(engines, tag, folder, templates=templates) as system,
        watching(system) as watch,
    ):
        company = Company(system.url, system.passwords, system.advance_days, _silent)
        company._people[EVERYBODY] = taken_on(
            company, username=EVERYBODY, name="众人", roles=PEOPLE
        )
        company.dispatcher.post("/carriers", {"code": CARRIER, "name": "韵达物流"})
        yield House(system, company, watch, company.device("PROPERTY-1", "手持扫码枪"))


def _silent(text: str) -> None:
    """Say nothing: the script is written command by command."""
