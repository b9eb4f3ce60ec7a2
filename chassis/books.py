"""The books a service opens for `./gendan audit`: its rows as facts, page by page.

A book is one statement that gives at most `:limit` rows beyond `:after`, in the order of their
`key`. A whole book never has to fit into anybody's memory, and nobody reaches into a service's
database to read it. Quantities and amounts inside JSON are text, or they would become floats.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from chassis.errors import NotFound, plain

MOST_ROWS = 500


class BookNotFound(NotFound):
    """A service has no book of that name."""

    code = "book_not_found"
    en = "The {service} service keeps no book {book}."
    zh = "{service} 服务没有名为 {book} 的账册。"


@dataclass(frozen=True)
class Book:
    """One statement with `:after` (text, or null) and `:limit`, which gives `key` and facts."""

    sql: str


def page(session: Session, book: Book, *, after: str | None, limit: int) -> dict[str, Any]:
    """Give the next rows of a book and, unless these are the last, where to go on."""
    rows = session.execute(text(book.sql), {"after": after, "limit": limit}).mappings().all()
    items = [plain(dict(row)) for row in rows]
    return {"items": items, "next": str(items[-1]["key"]) if len(items) == limit else None}


#: What every service keeps about its messages, by the name of the book. An order is known in
#: the text of a message or error by the look of its number.
PLATFORM: Mapping[str, Book] = {
    # One row: how much is on its way.
    "traffic": Book("""
select '-' as key,
  (select count(*) from outbox where sent_at is null) as unsent,
  (select extract(epoch from clock_timestamp() - min(created_at))
     from outbox where sent_at is null) as oldest_unsent_seconds,
  (select count(*) from failed_message where state not in ('parked', 'discarded')) as waiting,
  (select max(id) from outbox) as last_id
where :after is null limit :limit"""),
    # What the broker confirmed of what was said within the time for which inboxes remember: since
    # then, not since it was sent, which may be a second time, long after it was heard.
    "sent": Book("""
select id as key, message_id, name, schema_version as version, aggregate_type, aggregate_id,
  substring(body from 'D[0-9]{6}-[0-9]{6,}') as order_number
from outbox
where (:after is null or id > cast(:after as bigint))
  and sent_at is not null and created_at > clock_timestamp() - interval '13 days 23 hours'
order by id limit :limit"""),
    # Conversations over their deadline that have neither been finished nor taken back.
    "half_done": Book("""
select id as key, kind, state, attempts, created_at, deadline,
  substring(body::text || notes::text from 'D[0-9]{6}-[0-9]{6,}') as order_number
from conversation
where (:after is null or id > cast(:after as uuid)) and state in ('running', 'undoing')
  and deadline < clock_timestamp() - interval '10 seconds'
order by id limit :limit"""),
    # Messages that wait in failed_message, parked ones first of all.
    "failed": Book("""
select id as key, listener, source, coalesce(name, '?') as name, state, attempts,
  first_failed_at, split_part(error, E'\\n', 1) as error,
  substring(encode(body, 'escape') from 'D[0-9]{6}-[0-9]{6,}') as order_number
from failed_message
where (:after is null or id > cast(:after as bigint)) and state <> 'discarded'
order by id limit :limit"""),
}
