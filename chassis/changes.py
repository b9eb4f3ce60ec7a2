"""The append-only log of changes: who, when, old → new and why (SPEC §2, X1, X2)."""

from typing import Any

from sqlalchemy import BigInteger, Column, Identity, Index, MetaData, String, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from chassis.mapping import MomentType


def table(metadata: MetaData) -> Table:
    """Declare the log; a trigger of the migrations refuses its update and delete."""
    return Table(
        "change_log",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("entity_type", String(40), nullable=False),
        Column("entity_id", String(80), nullable=False),
        Column("action", String(60), nullable=False),
        Column("at", MomentType, nullable=False, comment="business time"),
        Column("recorded_at", MomentType, nullable=False, comment="machine time"),
        Column("person_id", String(80), nullable=False),
        Column("person_name", String(120), nullable=False),
        Column("changes", JSONB, nullable=False, comment="field → [old, new]"),
        Column("reason", String(60), comment="code from the short list of reasons"),
        Column("note", Text),
        Index("ix_change_log_entity", "entity_type", "entity_id", "id"),
    )


# The database itself keeps the log append-only; every service's first migration runs this.
APPEND_ONLY = """
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only', tg_table_name;
end $$;
create trigger change_log_append_only before update or delete or truncate on change_log
  for each statement execute function refuse_change();
"""


def difference(before: dict[str, Any], after: dict[str, Any]) -> dict[str, list[Any]]:
    """Give what differs between two views as field → [old, new]."""
    return {
        key: [before.get(key), after.get(key)]
        for key in {**before, **after}
        if before.get(key) != after.get(key)
    }
