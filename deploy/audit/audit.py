"""One audit: wait for quiet, look, look again at what differs, mend what is safe to mend."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Any

from chassis.errors import GendanError
from deploy.audit import axes, copies, holdings, ledgers, messages, reader
from deploy.audit.difference import Difference, Mend
from deploy.audit.reader import KEEPERS, Books

QUIET_SECONDS = 60.0
SECOND_LOOK_SECONDS = 3.0
_POLL_SECONDS = 0.5
# How many keys one repair names.
_AT_ONCE = 200
_MOST_TEXT = 2000
_LEADERS = ("orders", "shipping")

#: Told after each order, page or service that was looked at: the part's name and how many.
Progress = Callable[[str, int], None]

#: What is asked for each, and what then was done.
_MENDS: dict[Mend, tuple[str, str]] = {
    Mend.SEND: ("send_again", "sent again"),
    Mend.TAKE_UP: ("take_up_now", "taken up"),
    Mend.ANNOUNCE: ("announce_again", "announced again"),
}


@dataclass
class Report:
    """What an audit looked at and found."""

    differences: list[Difference] = field(default_factory=list)
    #: How much was compared, by part.
    compared: dict[str, int] = field(default_factory=dict)
    #: False: the system never came to rest, so differences may be on their way.
    was_quiet: bool = True
    #: What `--repair` did and what came of it.
    done: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return {
            "was_quiet": self.was_quiet,
            "compared": self.compared,
            "differences": [difference.to_json() for difference in self.differences],
            "done": self.done,
        }


class Audit:
    """Compares the books of a running system."""

    def __init__(
        self,
        books: Books,
        *,
        progress: Progress = lambda _part, _count: None,
        quiet_seconds: float = QUIET_SECONDS,
        second_look_seconds: float = SECOND_LOOK_SECONDS,
    ) -> None:
        self._books = books
        self._progress = progress
        self._quiet_seconds = quiet_seconds
        self._second_look_seconds = second_look_seconds
        self._compared: dict[str, int] = {}

    def run(self) -> Report:
        """Give what differs at two looks, the same way both times."""
        report = Report(was_quiet=self._await_quiet())
        found = list(self._look())
        report.compared = self._compared
        if found:
            time.sleep(self._second_look_seconds)
            report.was_quiet = self._await_quiet() and report.was_quiet
            again = set(self._look())
            found = [difference for difference in found if difference in again]
        report.differences = found
        return report

    def repair(self, report: Report) -> None:
        """Do what is safe about the differences and note it; the rest is left to people."""
        wanted = dict.fromkeys(each.repair for each in report.differences if each.repair)
        for mend, (method, done) in _MENDS.items():
            of_kind = [repair for repair in wanted if repair.mend is mend]
            for service in sorted({repair.service for repair in of_kind}):
                keys = [repair.key for repair in of_kind if repair.service == service]
                report.done += self._mend(service, method, done, keys, mend)

    def _mend(
        self, service: str, method: str, done: str, keys: list[str], mend: Mend
    ) -> Iterator[str]:
        bodies: list[dict[str, Any]] = [
            {"keys": keys[start : start + _AT_ONCE]} for start in range(0, len(keys), _AT_ONCE)
        ]
        if mend is Mend.ANNOUNCE:
            bodies = [{"order_id": key} for key in keys]
        for body in bodies:
            named = body.get("order_id") or f"{len(body['keys'])} of {service}"
            try:
                self._books.command(service, method, body)
                yield f"{named} {done}"
            except GendanError as refusal:
                yield f"{named} not {done}: {refusal.message}"

    def raise_anomalies(self, report: Report, day: date) -> None:
        """Raise an anomaly for each order that something is wrong with, once a day; note it.

        What no order is named for can only be read in the report.
        """
        by_order: dict[str, list[Difference]] = defaultdict(list)
        for difference in report.differences:
            if difference.order_number:
                by_order[difference.order_number].append(difference)
        for number, differences in by_order.items():
            text = f"Audit: {'; '.join(map(str, differences))}"[:_MOST_TEXT]
            body = {
                "order_number": number,
                "cause": "system",
                "topic": "other",
                "priority": "urgent",
                "text": text,
            }
            digest = sha256(text.encode()).hexdigest()[:16]
            try:
                self._books.command(
                    "orders", "raise_anomaly", body, key=f"audit:{day}:{number}:{digest}"
                )
                report.done.append(f"{number} anomaly raised")
            except GendanError as refusal:
                report.done.append(f"{number} anomaly not raised: {refusal.message}")

    # -- looking ---------------------------------------------------------------------------

    def _await_quiet(self) -> bool:
        """Wait until nothing waits in outboxes, queues or for another try; not for ever."""
        give_up = time.monotonic() + self._quiet_seconds
        while True:
            if self._is_quiet():
                return True
            if time.monotonic() >= give_up:
                return False
            time.sleep(_POLL_SECONDS)

    def _is_quiet(self) -> bool:
        traffic = {
            service: next(reader.rows_of(self._books, service, "traffic")) for service in KEEPERS
        }
        if not messages.is_quiet(traffic):
            return False
        # What was sent last may still wait in a queue.
        subscriptions = reader.listening(self._books, KEEPERS)
        for source in KEEPERS:
            last = int(traffic[source]["last_id"] or 0)
            page = self._books.ask(
                source,
                "audit_books",
                {"book": "sent", "after": str(max(0, last - reader.PAGE_ROWS)), "limit": 500},
            )["items"]
            for listener, keys in subscriptions.items():
                if any(self._missing(source, listener, page, keys.get(source, ()))):
                    return False
        return True

    def _look(self) -> Iterator[Difference]:
        self._compared = {}
        for parts in (self._messages, self._ledgers, self._copies, self._orders):
            yield from parts()

    def _count(self, part: str, count: int = 1) -> None:
        self._compared[part] = self._compared.get(part, 0) + count
        self._progress(part, self._compared[part])

    def _messages(self) -> Iterator[Difference]:
        subscriptions = reader.listening(self._books, KEEPERS)
        for source in KEEPERS:
            for page in reader.pages(self._books, source, "sent", rows=500):
                for listener, keys in subscriptions.items():
                    yield from self._missing(source, listener, page, keys.get(source, ()))
                self._count("messages", len(page))
            for row in reader.rows_of(self._books, source, "traffic"):
                yield from messages.unsent(source, row)
            for row in reader.rows_of(self._books, source, "failed"):
                yield from messages.failed(source, row)
        for leader in _LEADERS:
            for row in reader.rows_of(self._books, leader, "half_done"):
                yield from messages.half_done(leader, row)

    def _missing(self, source: str, listener: str, page: Any, keys: Any) -> Iterator[Difference]:
        sent = messages.wanted(page, keys)
        if not sent:
            return
        asked = [
            {"id": row["message_id"], "name": row["name"], "version": row["version"]}
            for row in sent
        ]
        body = {"source": source, "messages": asked}
        missing = set(self._books.ask(listener, "missing_messages", body)["missing"])
        yield from messages.missing(source, listener, sent, missing)

    def _ledgers(self) -> Iterator[Difference]:
        for service, book, compare in (
            ("inventory", "stock", ledgers.stock),
            ("inventory", "materials", ledgers.materials),
            ("customers", "accounts", ledgers.accounts),
        ):
            for row in reader.rows_of(self._books, service, book):
                yield from compare(row)
                self._count("balances")

    def _copies(self) -> Iterator[Difference]:
        for service, book, copy, noun in (
            ("customers", "customers", "customer_copies", "customer"),
            ("inventory", "products", "product_copies", "product"),
        ):
            streams = [
                reader.rows_of(self._books, service, book),
                reader.rows_of(self._books, "orders", copy),
            ]
            for _key, (original, copied) in reader.side_by_side(streams):
                yield from copies.compare(original, copied, where="orders", noun=noun)
                self._count("copies")

    def _orders(self) -> Iterator[Difference]:
        for order in reader.orders(self._books):
            if order.customers is not None:
                yield from ledgers.order_credit(order.customers)
            yield from holdings.compare(order)
            yield from axes.compare(order)
            self._count("orders")
