"""Clients that play the story over and over, and never lose patience.

Each keeps the idempotency key of a command until it is answered, as a desk client does whose
connection broke. The tales are the story's own chapters: they know to the cent what is right,
and raise StoryDiffers where the system says anything else.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import repeat
from typing import Any, ClassVar
from uuid import uuid4

import requests

from deploy.demo import gates, grades, shipping, stops
from deploy.demo.people import API, Company, Person, StoryDiffers, expect
from deploy.demo.world import World
from tests.faults.ledger import Answered, Ledger

# Longer than any single outage lasts: a client that gives up makes no statement.
PATIENCE_SECONDS = 240.0
# The gateway answers within its ten seconds; one that does not is given up and asked again.
REQUEST_SECONDS = 15.0
_PAUSE_SECONDS = 0.25


class GaveUp(Exception):
    """A client was not answered for longer than any outage lasts, or the rig is being stopped."""


@dataclass
class Client(Person):
    """A signed-in person who asks again, by the same key, until there is an answer."""

    patience_seconds: ClassVar[float] = PATIENCE_SECONDS
    ledger: Ledger = field(default_factory=Ledger)
    ending: threading.Event = field(default_factory=threading.Event)
    #: How wrong a scanner's clock is, from one reading to the next.
    wrong_by: Iterator[timedelta] = field(default_factory=lambda: repeat(timedelta()))

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
        """Send it until it is answered, book the answer and give it."""
        chapter, began, attempts = self.ledger.chapter, time.monotonic(), 0
        if method == "POST":
            key = key or str(uuid4())
            body = {} if body is None else body
        if path == "/scans" and body is not None:
            body = self._by_its_own_clock(body)
        headers = {**self.headers, "Accept": accept}
        if key is not None:
            headers["Idempotency-Key"] = key
        if if_match is not None:
            headers["If-Match"] = if_match
        while True:
            attempts, asked_at = attempts + 1, datetime.now(UTC)
            response = self._try(method, path, body, query, headers)
            if response is not None and not _asks_for_patience(response):
                break
            code = _code_of_503(response)
            self.ledger.write_unanswered(code)
            if response is not None and code and "Retry-After" not in response.headers:
                self.ledger.write_wrong(f"{method} {path}: 503 without Retry-After", chapter)
            waited = time.monotonic() - began
            if waited > PATIENCE_SECONDS or self.ending.wait(_PAUSE_SECONDS):
                raise GaveUp(f"{self.role}: {method} {path} unanswered for {waited:.0f} s")
        answered = Answered(
            chapter,
            self.role,
            method,
            path,
            body,
            key,
            if_match,
            response.status_code,
            _json(response),
            attempts,
            asked_at,
            time.monotonic() - began,
        )
        self.ledger.write(answered)
        if response.status_code >= 500:
            self.ledger.write_wrong(f"{answered} {response.text[:300]}", chapter)
        return response

    def _by_its_own_clock(self, body: Mapping[str, Any]) -> dict[str, Any]:
        device_time = (datetime.now(UTC) + next(self.wrong_by)).isoformat()
        return {"scans": [{**each, "device_time": device_time} for each in body["scans"]]}

    def _try(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        query: Mapping[str, Any] | None,
        headers: Mapping[str, str],
    ) -> requests.Response | None:
        """Give the response, or None where the connection broke or nobody answered."""
        try:
            return self.session.request(
                method,
                self.base_url + API + path,
                json=body,
                params=dict(query or {}),
                headers=dict(headers),
                timeout=REQUEST_SECONDS,
            )
        except requests.RequestException:
            return None


def _asks_for_patience(response: requests.Response) -> bool:
    if response.status_code == 503:
        return True
    return response.status_code == 409 and (_json(response) or {}).get("code") == "in_progress"


def _code_of_503(response: requests.Response | None) -> str | None:
    if response is None or response.status_code != 503:
        return None
    return str((_json(response) or {}).get("code"))


def _json(response: requests.Response) -> Any:
    if "json" not in response.headers.get("Content-Type", ""):
        return None
    return response.json()


@dataclass
class Crew(Company):
    """The people of one client: their own connections, sessions signed in once for all."""

    headers: Mapping[str, dict[str, str]] = field(default_factory=dict)
    scanner: Client | None = None
    ledger: Ledger = field(default_factory=Ledger)
    ending: threading.Event = field(default_factory=threading.Event)

    def _sign_in(self, role: str) -> Person:
        return Client(
            self.base_url, role, self.headers[role], ledger=self.ledger, ending=self.ending
        )

    def device(self, code: str, name: str) -> Person:
        """Give the scanner that was enrolled before: its key is told once, never again."""
        assert self.scanner is not None
        return self.scanner

    def await_(
        self, what: str, look: Callable[[], Any], until: Callable[[Any], bool] = bool
    ) -> Any:
        """Look until what was announced has arrived, however long an outage keeps it."""
        give_up = time.monotonic() + PATIENCE_SECONDS
        while True:
            seen = look()
            if until(seen):
                return seen
            if time.monotonic() > give_up:
                raise StoryDiffers(f"waited {PATIENCE_SECONDS:.0f} s in vain for: {what}; {seen}")
            if self.ending.wait(_PAUSE_SECONDS):
                raise GaveUp(what)


def stock_sold(world: World) -> None:
    """From stock to the customer's signature, out by scans; the receivable stands exactly."""
    company = world.company
    customer = world.customer("A")
    product = world.product(supply="stock", price="3.00", stock="50")
    number = world.submitted(customer, product, "20")["number"]
    world.approved(number)
    world.sent(number)
    company.clerk.move(f"/orders/{number}", "confirm_by_grade")
    shipping.ship(world, number, "20")
    company.await_stage(number, "fulfilled")
    money = company.await_(
        f"the receivable of {number}",
        lambda: company.finance.get(f"/orders/{number}/money")["money"],
        lambda money: money["receivable"] == "60.00",
    )
    expect((money["reservation"], money["balance"]), ("0.00", "60.00"), f"money of {number}")


def stock_cancelled(world: World) -> None:
    """Submitted from stock, approved, cancelled: goods and credit are free again."""
    company = world.company
    customer = world.customer("B")
    product = world.product(supply="stock", price="2.00", stock="30")
    number = world.submitted(customer, product, "30")["number"]
    company.clerk.is_refused("stock_short", "/orders", **world.order_body(customer, product, "1"))
    world.approved(number)
    order = company.supervisor.move(
        f"/orders/{number}", "cancel", reason="customer_request", note="不要了"
    )
    expect(order["stage"], "cancelled", f"{number} cancelled")
    world.submitted(customer, product, "30")


Tale = Callable[[World], None]
# What needs days to pass, or many racers at once, is the story's own: time is everybody's.
TALES: tuple[tuple[Tale, int], ...] = (
    (stock_sold, 4),
    (stock_cancelled, 3),
    (grades.customer_a, 2),
    (grades.customer_c, 2),
    (gates.over_the_limit, 1),
    (stops.cancel_before_production, 2),
    (stops.cancel_during_production, 1),
    (stops.hold_and_resume, 2),
    (stops.back_to_draft, 1),
)


class Workload:
    """Several clients at work, from `start` until `stop`."""

    def __init__(
        self,
        base_url: str,
        passwords: Mapping[str, str],
        *,
        seed: int,
        clients: int = 4,
        tales: tuple[tuple[Tale, int], ...] = TALES,
    ) -> None:
        self.ledger = Ledger()
        self.told = 0
        self._base_url = base_url
        self._passwords = passwords
        self._tales = tales
        self._stopping, self._ending = threading.Event(), threading.Event()
        self._crews = list(self._sign_in(clients))
        self._chances = [random.Random(f"{seed}/{number}") for number in range(clients)]
        self._threads: list[threading.Thread] = []

    def _sign_in(self, clients: int) -> Iterator[Crew]:
        """Sign everybody in once and enrol a scanner for each client, while all is calm."""
        office = Company(self._base_url, self._passwords, _never, _silent)
        headers = {role: office.person(role).headers for role in self._passwords}
        for number in range(clients):
            device = office.device(f"FAULT-{uuid4().hex[:6].upper()}-{number}", "手持扫码枪")
            crew = Crew(self._base_url, self._passwords, _never, _silent)
            crew.headers, crew.ledger, crew.ending = headers, self.ledger, self._ending
            crew.scanner = Client(
                self._base_url,
                device.role,
                device.headers,
                ledger=self.ledger,
                ending=self._ending,
            )
            yield crew

    @property
    def scanners(self) -> list[Client]:
        """The clients' scanners."""
        return [crew.scanner for crew in self._crews if crew.scanner is not None]

    @property
    def somebody(self) -> Crew:
        """A crew for asking from outside the tales; its people have connections of their own."""
        first = self._crews[0]
        crew = Crew(self._base_url, self._passwords, _never, _silent)
        crew.headers, crew.ledger, crew.ending = first.headers, Ledger(), threading.Event()
        return crew

    def start(self) -> None:
        """Have the clients begin, if they are not at work already."""
        if self._threads:
            return
        self._stopping.clear()
        self._threads = [
            threading.Thread(target=self._play, args=work, daemon=True)
            for work in zip(self._crews, self._chances, strict=True)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self, seconds: float = 120.0) -> None:
        """Let every tale come to its end; what does not in time is given up, and is wrong."""
        self._stopping.set()
        give_up = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, give_up - time.monotonic()))
        if any(thread.is_alive() for thread in self._threads):
            self.ledger.write_wrong(f"not every tale came to its end within {seconds:.0f} s")
            self._ending.set()
        for thread in self._threads:
            thread.join()
        self._threads = []

    @contextmanager
    def at_work(self) -> Iterator[Ledger]:
        """Play for as long as the block lasts, then let every tale end."""
        self.start()
        try:
            yield self.ledger
        finally:
            self.stop()

    def _play(self, crew: Crew, chance: random.Random) -> None:
        tales = [tale for tale, _ in self._tales]
        weights = [weight for _, weight in self._tales]
        while not self._stopping.is_set():
            (tale,) = chance.choices(tales, weights)
            chapter = self.ledger.chapter
            try:
                tale(World.new(crew))
                self.told += 1
            except (StoryDiffers, GaveUp) as difference:
                if not self._ending.is_set():
                    self.ledger.write_wrong(f"{tale.__name__}: {difference}", chapter)
            except Exception as error:  # noqa: BLE001  a bug of the rig must not look like peace
                self.ledger.write_wrong(f"{tale.__name__}: {error!r}", chapter)


def _never(days: float) -> None:
    raise StoryDiffers(f"a tale wanted {days} days to pass: time is everybody's")


def _silent(text: str) -> None:
    """Say nothing: many tales are told at once."""
