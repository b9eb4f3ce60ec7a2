"""Announced events as rows of the change's own transaction, until the relay has sent them."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    Identity,
    Index,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from chassis import clock
from chassis.mapping import MomentType
from chassis.notation import to_json_text
from chassis.roundtrips import Bundle

KEPT_DAYS = 14  # ARCHITECTURE §4.1: as long as inboxes remember, so that all can be sent again


def table(metadata: MetaData) -> Table:
    """Declare the outbox: unsent rows are what the relay still has to do."""
    return Table(
        "outbox",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("message_id", Uuid, nullable=False, comment="what inboxes know the event by"),
        Column("name", String(80), nullable=False),
        Column("schema_version", SmallInteger, nullable=False),
        Column("aggregate_type", String(40), nullable=False),
        Column("aggregate_id", String(80), nullable=False),
        Column(
            "sequence",
            BigInteger,
            nullable=False,
            comment="counts the aggregate's events from 1, without holes",
        ),
        Column("body", Text, nullable=False, comment="the whole envelope as sent, JSON"),
        Column("created_at", MomentType, nullable=False, comment="machine time"),
        Column("sent_at", MomentType, comment="when the broker confirmed it; null: to be sent"),
        Index("ix_outbox_unsent", "id", postgresql_where=text("sent_at is null")),
        Index("ix_outbox_sent_at", "sent_at", postgresql_where=text("sent_at is not null")),
    )


def audience_table(metadata: MetaData) -> Table:
    """Declare who listens to this service's events, as the relay has learned by asking.

    Kept, so that a listener that is down is still known to be owed its events.
    """
    return Table(
        "audience",
        metadata,
        Column("service", String(40), primary_key=True, comment="a listening service"),
        Column("routing_keys", ARRAY(String(90)), nullable=False, comment="# means every event"),
        Column(
            "caught_up_to",
            MomentType,
            comment="all that was sent by then has arrived; null: nothing compared yet",
        ),
        Column("resent", BigInteger, nullable=False, comment="how many events were sent again"),
        Column("resent_at", MomentType, comment="when one was last sent again"),
        Column("compared_at", MomentType, comment="when its inbox was last compared"),
    )


def write(bundle: Bundle, table: Table, envelopes: Sequence[Mapping[str, Any]]) -> None:
    """Have the envelopes inserted in the session's transaction, in their order.

    The caller has flushed the aggregates: their row locks, taken first, are what makes the
    order of ids the order of commits for each aggregate (MESSAGING §3.2).
    """
    now = clock.machine_now()
    bundle.insert(
        table,
        [
            {
                "message_id": UUID(envelope["message_id"]),
                "name": envelope["name"],
                "schema_version": envelope["schema_version"],
                "aggregate_type": envelope["aggregate"]["type"],
                "aggregate_id": envelope["aggregate"]["id"],
                "sequence": envelope["aggregate"]["sequence"],
                "body": to_json_text(envelope),
                "created_at": now,
            }
            for envelope in envelopes
        ],
    )
