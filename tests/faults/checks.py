"""What must hold once all is calm: the books of the services against each other and the ledger.

Everything is read from outside: rows of the databases, and answers of the API. Each check gives
one sentence for each difference it finds; an empty list is what is wanted.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg2
from psycopg2.extras import NamedTupleCursor

from chassis.rpc import RpcClient
from deploy.audit.audit import Audit
from deploy.audit.difference import Kind
from deploy.audit.reader import BooksByRpc
from deploy.local.databases import GATEWAY, SERVICES
from deploy.local.parts import AUDIT
from tests.contracts.declared import subscriptions
from tests.faults.ledger import Answered, Ledger, same
from tests.faults.workload import Crew
from tests.system import System

_LOOK_EVERY_SECONDS = 0.2
# What is known by a name of its own, or new each time, stores no key.
_KEYLESS = ("/session", "/scans")


class Difference(NamedTuple):
    """Something lost, done twice or standing wrongly, and the chapter it belongs to, if known."""

    kind: str
    what: str
    chapter: str | None = None


@dataclass
class Findings:
    """All differences of one look."""

    lost: list[Difference] = field(default_factory=list)
    twice: list[Difference] = field(default_factory=list)
    wrong: list[Difference] = field(default_factory=list)
    books: list[Difference] = field(default_factory=list)

    @property
    def all(self) -> list[Difference]:
        return [*self.lost, *self.twice, *self.wrong, *self.books]

    def report(self) -> str:
        return "\n".join(f"{each.kind}: {each.what}" for each in self.all) or "no difference"


# Services' own promises about their rows: each statement gives a row for each breach.
BOOKS: dict[str, dict[str, str]] = {
    "inventory": {
        "finished stock is the sum of its movements": """
select product_id, store_code, condition, k.on_hand, k.reserved, m.on_hand as moved,
  m.reserved as moved_reserved
from stock k full join (
  select product_id, store_code, condition, sum(on_hand) as on_hand, sum(reserved) as reserved
  from stock_movement group by 1, 2, 3) m using (product_id, store_code, condition)
where (coalesce(k.on_hand, 0), coalesce(k.reserved, 0))
  is distinct from (coalesce(m.on_hand, 0), coalesce(m.reserved, 0))""",
        "reserved finished stock is what open reservations hold": """
select k.product_id, k.store_code, k.reserved, coalesce(r.quantity, 0) as held from (
  select product_id, store_code, sum(reserved) as reserved from stock group by 1, 2) k
full join (select product_id, store_code, sum(quantity) as quantity from reservation group by 1, 2)
  r using (product_id, store_code)
where coalesce(k.reserved, 0) <> coalesce(r.quantity, 0)""",
        "raw material is the sum of its movements": """
select material_id, k.on_hand, k.reserved, m.on_hand as moved, m.reserved as moved_reserved
from material_stock k full join (
  select material_id, sum(on_hand) as on_hand, sum(reserved) as reserved
  from material_movement group by 1) m using (material_id)
where (coalesce(k.on_hand, 0), coalesce(k.reserved, 0))
  is distinct from (coalesce(m.on_hand, 0), coalesce(m.reserved, 0))""",
        "reserved material is what orders claim": """
select material_id, k.reserved, c.held from material_stock k left join (
  select material_id, sum(held) as held from material_claim group by 1) c using (material_id)
where k.reserved <> coalesce(c.held, 0)""",
        "nothing is below nought": """
select product_id from stock where reserved < 0 or reserved > on_hand
union all select material_id from material_stock where reserved < 0 or reserved > on_hand""",
    },
    "customers": {
        "exposure is the sum of its orders": """
select a.id, a.exposure, o.exposure as orders from credit_account a left join (
  select customer_id, sum(greatest(0, reservation + receivable - verified)) as exposure
  from order_credit group by 1) o on o.customer_id = a.id
where a.exposure <> coalesce(o.exposure, 0)""",
        "an order's credit is the sum of its ledger": """
select c.order_number, c.reservation, l.reservation as booked, c.receivable,
  l.receivable as booked_receivable, c.verified, l.verified as booked_verified
from order_credit c join (
  select order_id, sum(reservation) as reservation, sum(receivable) as receivable,
    sum(verified) as verified from credit_ledger where order_id is not null group by 1) l
  on l.order_id = c.id
where (c.reservation, c.receivable, c.verified)
  is distinct from (l.reservation, l.receivable, l.verified)""",
        "money counted is money verified": """
select o.customer_id, o.verified, a.customer_credit, p.amount from (
  select customer_id, sum(verified) as verified from order_credit group by 1) o
join credit_account a on a.id = o.customer_id
left join (select customer_id, sum(amount) as amount from payment where state = 'verified'
  group by 1) p on p.customer_id = o.customer_id
where o.verified + a.customer_credit <> coalesce(p.amount, 0)""",
    },
}
# Of every service. A row is a breach.
PLATFORM = {
    "no conversation is half done": """
select id, kind, state, attempts from conversation where state in ('running', 'undoing')""",
    "an aggregate's events are counted without holes": """
select aggregate_type, aggregate_id, count(*), max(sequence) from outbox
group by 1, 2 having count(*) <> max(sequence) or min(sequence) <> 1""",
}
# What stands in whose table under the number it was answered with: (path, service, table, column).
ENTITIES = (
    ("/orders", "orders", '"order"', "number"),
    ("/payments", "customers", "payment", "number"),
    ("/shipments", "shipping", "shipment", "number"),
)


@dataclass
class Auditor:
    """Looks at a system from outside; knows which messages the rig itself made ill."""

    system: System
    #: Messages that the rig published itself, and what it expects to be parked.
    own_messages: set[UUID] = field(default_factory=set)

    # -- waiting ---------------------------------------------------------------------------

    def await_calm(self, seconds: float = 120.0) -> list[str]:
        """Wait until nothing is on its way any more; gives what still is when time is up."""
        give_up = time.monotonic() + seconds
        while True:
            stirring = self._stirring()
            if not stirring or time.monotonic() > give_up:
                return stirring
            time.sleep(_LOOK_EVERY_SECONDS)

    def _stirring(self) -> list[str]:
        """Give what is on its way, or did not arrive."""
        try:
            return [*self._unsettled(), *(lost.what for lost in self.unheard())]
        except psycopg2.Error as error:
            return [f"a database does not answer: {error}"]

    def _unsettled(self) -> Iterator[str]:
        for service in SERVICES:
            (unsent,) = self._rows(
                service, "select count(*) as n from outbox where sent_at is null"
            )
            if unsent.n:
                yield f"{unsent.n} events of {service} are not sent"
            for row in self._failed(service):
                if row.state not in ("parked", "discarded"):
                    yield f"{service}: {row.listener} has {row.name} {row.state}: {row.error}"
            for row in self._rows(service, PLATFORM["no conversation is half done"]):
                yield f"{service}: conversation {row}"

    def _failed(self, service: str) -> list[Any]:
        return [
            row
            for row in self._rows(
                service,
                "select listener, message_id, name, state, left(error, 300) as error,"
                " encode(body, 'escape') as body from failed_message",
            )
            if not self._is_own(row)
        ]

    def _is_own(self, row: Any) -> bool:
        if row.message_id is not None and UUID(str(row.message_id)) in self.own_messages:
            return True
        return "struck-by-the-rig" in row.body

    # -- looking ---------------------------------------------------------------------------

    def look(self, ledger: Ledger, crew: Crew, *, replays: int = 200) -> Findings:
        """Compare everything once; call it when all is calm."""
        findings = Findings()
        done_at = self._done_at()
        talks = {
            (row.key, row.state)
            for service in SERVICES
            for row in self._rows(service, "select key, state from conversation")
        }
        known = done_at.keys() | {key for key, _ in talks}
        for command in ledger.accepted():
            if command.key and command.path not in _KEYLESS and command.key not in known:
                findings.lost.append(Difference("lost", str(command), command.chapter))
        findings.lost += self.unheard()
        self._compare_entities(ledger, findings)
        self._compare_scans(ledger, findings)
        findings.wrong += _refusals_that_did_something(
            ledger, done_at, {key for key, state in talks if state == "done"}
        )
        findings.wrong += _answers_that_differ(ledger, crew, replays)
        findings.books += [*self.books(), *self.audit()]
        for service in SERVICES:
            findings.books += [
                Difference("parked", f"{service}: {row}") for row in self._failed(service)
            ]
        return findings

    def twice(self, ledger: Ledger) -> list[Difference]:
        """Give what stands there more often than it was promised."""
        findings = Findings()
        self._compare_entities(ledger, findings)
        self._compare_scans(ledger, findings)
        return findings.twice

    def books(self) -> list[Difference]:
        """Check what every service promises of its own rows."""
        found = []
        for service in SERVICES:
            for promise, statement in {**PLATFORM, **BOOKS.get(service, {})}.items():
                found += [
                    Difference("book", f"{service}, {promise}: {row}")
                    for row in self._rows(service, statement)
                ]
        return found

    def audit(self) -> list[Difference]:
        """Give what `./gendan audit` finds, but for the messages that the rig made ill."""
        with RpcClient(self.system.wiring.buses[AUDIT], AUDIT) as client:
            report = Audit(BooksByRpc(client), quiet_seconds=20.0).run()
        return [
            Difference("audit", str(each))
            for each in report.differences
            if each.kind not in (Kind.PARKED, Kind.WAITING)
        ]

    def unheard(self) -> list[Difference]:
        """Give every sent event that a listener has no inbox row for."""
        return [
            Difference("lost", f"{source}'s {name} {message} is unheard by {service}.{method}")
            for service, method, source, name, message in self._unheard()
        ]

    def _unheard(self) -> Iterator[tuple[str, str, str, str, str]]:
        heard = {
            service: {
                (row.listener, row.message_id)
                for row in self._rows(service, "select listener, message_id::text from inbox")
            }
            for service in SERVICES
        }
        sent: dict[tuple[str, str, int], list[str]] = {}
        for service in SERVICES:
            for row in self._rows(
                service,
                "select name, schema_version, message_id::text from outbox"
                " where sent_at is not null",
            ):
                sent.setdefault((service, row.name, row.schema_version), []).append(row.message_id)
        for each in subscriptions():
            for message in sent.get((each.source, each.event, each.schema_version), ()):
                if (each.method, message) not in heard[each.listener]:
                    yield each.listener, each.method, each.source, each.event, message

    def _done_at(self) -> dict[str, datetime]:
        """Give when the command of each idempotency key was done, in all databases."""
        return {
            row.key: row.created_at
            for part in (*SERVICES, GATEWAY)
            for row in self._rows(part, "select key, created_at from command")
        }

    def _compare_entities(self, ledger: Ledger, findings: Findings) -> None:
        for path, service, table, column in ENTITIES:
            promised = {
                each.answer[column]: each
                for each in ledger.accepted()
                if each.path == path and each.method == "POST"
            }
            there = [
                row.number for row in self._rows(service, f"select {column} as number from {table}")
            ]
            findings.lost += [
                Difference("lost", str(each), each.chapter)
                for number, each in promised.items()
                if number not in there
            ]
            findings.twice += [
                Difference("twice", f"{table} {number} was promised to nobody")
                for number in there
                if number not in promised
            ]

    def _compare_scans(self, ledger: Ledger, findings: Findings) -> None:
        """Look for each answered scan by its own name, the device's number for it."""
        there = Counter(
            (row.parcel_code, row.device_sequence)
            for row in self._rows("shipping", "select parcel_code, device_sequence from scan")
        )
        for each in ledger.accepted():
            if each.path != "/scans":
                continue
            for item in each.answer["items"]:
                kept = there[item["parcel_code"], item["device_sequence"]]
                if kept == 0:
                    findings.lost.append(Difference("lost", f"{each}: {item}", each.chapter))
                elif kept > 1:
                    findings.twice.append(Difference("twice", f"{each}: {item}", each.chapter))

    def _rows(self, part: str, statement: str) -> list[Any]:
        with closing(psycopg2.connect(self.system.database_url(part), connect_timeout=5)) as base:
            cursor: Any = base.cursor(cursor_factory=NamedTupleCursor)
            cursor.execute(statement)
            return list(cursor.fetchall())


def _refusals_that_did_something(
    ledger: Ledger, done_at: Mapping[str, datetime], talked_of: Collection[str]
) -> list[Difference]:
    return [
        Difference("wrong", f"refused, and yet done: {each}", each.chapter)
        for each in ledger.answers
        if each.is_refused_command
        and each.key is not None
        and (each.key in done_at or each.key in talked_of)
        # What was judged by another service before may bear the key there.
        and each.status != 412
        # An attempt at a command that nobody answered may still be done until its deadline, by
        # what has become true since the one that was refused: a product is known now, say.
        and not (each.attempts > 1 and done_at.get(each.key, each.asked_at) > each.asked_at)
    ]


def _answers_that_differ(ledger: Ledger, crew: Crew, most: int) -> list[Difference]:
    """Ask acknowledged commands once more, by their keys: the answers must be the same."""
    again = [
        each
        for each in ledger.accepted()
        # A secret is told once.
        if each.key and each.path not in (*_KEYLESS, "/devices")
    ]
    chance = random.Random(len(again))
    tried_hard = [each for each in again if each.attempts > 1]
    chosen = _sample(chance, tried_hard, most // 2) + _sample(chance, again, most // 2)
    return [
        Difference("wrong", f"{each} was answered differently when asked again", each.chapter)
        for each in chosen
        if not _is_answered_alike(crew, each)
    ]


def _sample(chance: random.Random, answers: Sequence[Answered], most: int) -> list[Answered]:
    return chance.sample(answers, min(most, len(answers)))


def _is_answered_alike(crew: Crew, before: Answered) -> bool:
    response = crew.person(before.role).send(
        before.method, before.path, body=before.body, key=before.key, if_match=before.if_match
    )
    if response.status_code != before.status:
        return False
    return before.answer is None or same(response.json(), before.answer)


def eventually(
    happened: Callable[[], bool], what: str, seconds: float, *, every: float = 0.05
) -> None:
    """Wait for something that no event of ours tells of; raises TimeoutError."""
    give_up = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > give_up:
            raise TimeoutError(f"not within {seconds:.0f} s: {what}")
        time.sleep(every)
