"""What a service's methods are declared with: queries, commands, conversations over services.

    @query(schemas.GetOrder)
    def get_order(self, work, request): ...

The wire brings `principal`, `body` and, for what changes something, `key`; the method gets
one transaction (`Work`) and the request its schema has read.
"""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ClassVar

from marshmallow import Schema, fields, validate
from nameko.extensions import DependencyProvider
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from chassis import books, clock, settings
from chassis import principal as principals
from chassis.books import Book
from chassis.calendar import CALENDAR
from chassis.commands import load, run_command
from chassis.conversation import Conversation, Conversations
from chassis.database import Platform, Store, Work
from chassis.entrypoints import AnswersRelay, regularly
from chassis.errors import RoleNeeded, plain
from chassis.events import Event
from chassis.policy import Rule, SettingNotFound, shown
from chassis.rpc import Neighbours, RpcClient, current_deadline, deadline_in, rpc
from chassis.schema import Form, Message, Text

# How long a caller without a deadline of its own is waited for.
PATIENCE_SECONDS = 10.0
# With the lease of ten seconds, what a dead process led goes on within twelve.
TAKE_UP_SECONDS = 2

Entrypoint = Callable[..., Any]


class Database(DependencyProvider):
    """Gives the methods of a service the process's one Store."""

    def __init__(
        self,
        platform: Platform,
        *,
        events: Mapping[type[Event], Schema],
        rules: Mapping[str, Rule],
    ) -> None:
        self.platform, self.events, self.rules = platform, events, rules
        self.store: Store | None = None

    def setup(self) -> None:
        environment = settings.from_environment()
        if environment.database_url is None:
            raise settings.SettingMissing("GENDAN_DATABASE_URL is not set")
        self.store = Store(
            service=self.container.service_name,
            url=environment.database_url,
            platform=self.platform,
            events=self.events,
            rules=self.rules,
            # Every worker, and the timers and listeners beside them, may hold a transaction.
            pool_size=environment.max_workers + 4,
        )

    def get_dependency(self, worker_ctx: Any) -> Store | None:  # noqa: ARG002  nameko's signature
        return self.store

    def stop(self) -> None:
        if self.store is not None:
            self.store.close()


def query(schema: type[Schema]) -> Callable[[Entrypoint], Entrypoint]:
    """Declare a method that only reads."""
    loader = schema()

    def decorate(method: Entrypoint) -> Entrypoint:
        @wraps(method)
        def entry(self: "Service", principal: Any = None, body: Any = None, key: Any = None) -> Any:  # noqa: ARG001
            who, request = principals.from_wire(principal), load(loader, body)
            return self.database.read(who, lambda work: method(self, work, dict(request)))

        return _published(entry)

    return decorate


def command(
    schema: type[Schema], *, keyed: bool = True, derived_key: bool = False
) -> Callable[[Entrypoint], Entrypoint]:
    """Declare a method that changes something, once for each key, in one transaction.

    `keyed=False` is for what bears its own name, as a scan does, and counts once by that.
    `derived_key` is for the steps of neighbours' conversations: by the same key the same step is
    meant, also if another release of the neighbour has taken it up and says more, or less, of it.
    """
    loader = schema()

    def decorate(method: Entrypoint) -> Entrypoint:
        @wraps(method)
        def entry(self: "Service", principal: Any = None, body: Any = None, key: Any = None) -> Any:
            who, request = principals.from_wire(principal), load(loader, body)
            if not keyed:
                return self.database.transact(who, lambda work: method(self, work, dict(request)))
            return run_command(
                self.database,
                who,
                key,
                method.__name__,
                {} if derived_key else body or {},
                # A copy: run again after a deadlock, the method finds what it took out of it.
                lambda work: method(self, work, dict(request)),
            )

        return _published(entry)

    return decorate


def conversation(kind: str) -> Callable[[Entrypoint], Entrypoint]:
    """Declare a method that talks with other services; its steps are the service's `kind`.

    The method's own body is never run: it gives the name and the docstring.
    """

    def decorate(method: Entrypoint) -> Entrypoint:
        @wraps(method)
        def entry(
            self: "LeadingService", principal: Any = None, body: Any = None, key: Any = None
        ) -> Any:
            who = principals.from_wire(principal)
            return self.talks().hold(
                kind,
                who,
                key,
                body or {},
                deadline=current_deadline() or deadline_in(PATIENCE_SECONDS),
            )

        return _published(entry)

    return decorate


def _published(entry: Entrypoint) -> Entrypoint:
    # nameko compares calls with the signature that inspect finds, which must be the wire's.
    del entry.__wrapped__  # type: ignore[attr-defined]
    published: Entrypoint = rpc(entry)
    return published


def _set(work: Work, key: str, value: Any) -> None:
    """Set a number of the business, which `value` gives as JSON has it."""
    table = work.store.platform.settings
    values = {
        "value": value,
        "changed_at": clock.machine_now(),
        "changed_by": work.principal.person_id,
    }
    work.session.execute(
        insert(table)
        .values(key=key, **values)
        .on_conflict_do_update(index_elements=["key"], set_=values)
    )


def _locked(work: Work, rule: Rule) -> Any:
    """Give a number as it is stored, to be changed in part: who else would do so, waits."""
    table = work.store.platform.settings
    work.session.execute(
        insert(table)
        .values(
            key=rule.key,
            value=plain(rule.default),
            changed_at=clock.machine_now(),
            changed_by=work.principal.person_id,
        )
        .on_conflict_do_nothing()
    )
    return work.session.execute(
        select(table.c.value).where(table.c.key == rule.key).with_for_update()
    ).scalar_one()


class ChangesOf(Message):
    """A page of whose history is asked for."""

    entity_type = Text(required=True, least=1, most=40)
    entity_id = Text(required=True, least=1, most=80)
    after = fields.String(
        load_default=None,
        allow_none=True,
        validate=Form("^[0-9]{1,18}$", error="Not a cursor of this list."),
    )
    limit = fields.Integer(load_default=200, validate=validate.Range(1, 1000))


class SettingChange(Message):
    """A new value for one of the business's numbers, and why."""

    key = Text(required=True, least=1, most=80)
    value = fields.Raw(required=True)
    reason = Text(required=True, least=1, most=60)
    note = Text(load_default=None, allow_none=True, most=1000)


class CalendarYear(Message):
    """The days of one year that differ from Monday to Friday, and who says so."""

    year = fields.String(required=True, validate=Form("^[0-9]{4}$", error="Must be a year."))
    days = fields.Dict(required=True)
    reason = Text(required=True, least=1, most=60)
    note = Text(load_default=None, allow_none=True, most=1000)


class NoBody(Message):
    """Nothing is asked for in particular."""


class BooksAsked(Message):
    """A page of one of the service's books."""

    book = Text(required=True, least=1, most=40)
    after = Text(load_default=None, allow_none=True, most=200)
    limit = fields.Integer(
        load_default=books.MOST_ROWS, validate=validate.Range(1, books.MOST_ROWS)
    )


class Repair(Message):
    """Which rows of a book are to be taken care of, by their keys there."""

    keys = fields.List(fields.UUID(), required=True, validate=validate.Length(1, books.MOST_ROWS))


class Service(AnswersRelay):
    """What every service offers beside its own: settings, the log of changes, its books."""

    name: ClassVar[str]
    #: What it shows to the audit beside the books that every service keeps.
    books: ClassVar[Mapping[str, Book]] = {}
    database: Any
    neighbours: Any = Neighbours()

    @query(ChangesOf)
    def list_changes(self, work: Work, request: dict[str, Any]) -> Any:
        """Give a page of one thing's history, newest first: who, when, old → new and why."""
        log = work.store.platform.changes
        limit, after = request["limit"], request["after"]
        # One more than is shown tells whether there is more.
        entries = (
            select(log)
            .where(
                log.c.entity_type == request["entity_type"],
                log.c.entity_id == request["entity_id"],
            )
            .order_by(log.c.id.desc())
            .limit(limit + 1)
        )
        if after is not None:
            entries = entries.where(log.c.id < int(after))
        rows = work.session.execute(entries).mappings().all()
        return {
            "items": [plain(dict(row)) for row in rows[:limit]],
            "next": str(rows[limit - 1]["id"]) if len(rows) > limit else None,
        }

    @query(NoBody)
    def list_settings(self, work: Work, request: dict[str, Any]) -> Any:  # noqa: ARG002
        """Give every number of the business that this service owns."""
        return {"items": shown(work.store.rules, work.setting)}

    @command(SettingChange)
    def change_setting(self, work: Work, request: dict[str, Any]) -> Any:
        """Set one number. Raises SettingNotFound, SettingNotAllowed."""
        key = request["key"]
        rule = work.store.rules.get(key)
        if rule is None:
            raise SettingNotFound(key=key)
        new, old = rule.parsed(request["value"]), work.setting(key)
        self.guard_setting(work, key, new)
        _set(work, key, plain(new))
        work.log(
            "setting",
            key,
            "change_setting",
            changes={"value": [old, new]},
            reason=request["reason"],
            note=request["note"],
        )
        work.store.forget_settings()
        return {"key": key, "value": plain(new)}

    def guard_setting(self, work: Work, key: str, value: Any) -> None:
        """Raise where a value that fits its rule names what the service does not have."""

    @command(CalendarYear)
    def change_calendar_year(self, work: Work, request: dict[str, Any]) -> Any:
        """Enter one year's working days; the other years stay, whoever enters them meanwhile.

        Raises SettingNotFound where no working days are counted, SettingNotAllowed.
        """
        rule = work.store.rules.get(CALENDAR.key)
        if rule is None:
            raise SettingNotFound(key=CALENDAR.key)
        year, days = request["year"], request["days"]
        entered = _locked(work, rule)
        calendar = rule.parsed({**entered, year: days})
        _set(work, rule.key, calendar)
        work.log(
            "setting",
            rule.key,
            "change_setting",
            changes={year: [entered.get(year), days]},
            reason=request["reason"],
            note=request["note"],
        )
        work.store.forget_settings()
        return {"year": year, "days": days}

    @query(BooksAsked)
    def audit_books(self, work: Work, request: dict[str, Any]) -> Any:
        """Give a page of a book. Raises BookNotFound."""
        _for_machines_only(work)
        name = request["book"]
        book = type(self).books.get(name) or books.PLATFORM.get(name)
        if book is None:
            raise books.BookNotFound(service=self.name, book=name)
        return books.page(work.session, book, after=request["after"], limit=request["limit"])

    @command(Repair)
    def send_again(self, work: Work, request: dict[str, Any]) -> Any:
        """Have the relay send messages once more; inboxes stop them where they arrived before."""
        _for_machines_only(work)
        outbox = work.store.platform.outbox
        sent = work.session.execute(
            update(outbox)
            .where(outbox.c.message_id.in_(request["keys"]), outbox.c.sent_at.is_not(None))
            .values(sent_at=None)
            .returning(outbox.c.id)
        )
        return {"count": len(sent.all())}


def _for_machines_only(work: Work) -> None:
    if work.principal.kind not in ("service", "system"):
        raise RoleNeeded(roles="system")


class LeadingService(Service):
    """A service that leads conversations over others; `conversations` are their kinds."""

    conversations: ClassVar[tuple[Conversation, ...]]

    def talks(self) -> Conversations:
        """Give the conversations as this process holds them."""
        client: RpcClient = self.neighbours
        return Conversations(self.database, client, type(self).conversations)

    # Every replica looks; the lease of a row leaves it to one of them.
    @regularly(interval=TAKE_UP_SECONDS)
    def take_up_conversations(self) -> None:
        """Go on with what a process that died, or gave up, has left open."""
        self.talks().take_up_abandoned()

    @command(Repair)
    def take_up_now(self, work: Work, request: dict[str, Any]) -> Any:
        """Have half-done conversations taken up at the next turn, however long they would wait."""
        _for_machines_only(work)
        table = work.store.platform.conversations
        freed = work.session.execute(
            update(table)
            .where(table.c.id.in_(request["keys"]), table.c.state.in_(("running", "undoing")))
            .values(lease_until=clock.machine_now())
            .returning(table.c.id)
        )
        return {"count": len(freed.all())}
