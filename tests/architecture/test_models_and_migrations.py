"""The migrated database is the one the models describe, to the last name and comment."""

from collections.abc import Callable

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from deploy.local.databases import PARTS
from tests.architecture.rooms import metadata_of

# Alembic's own comparison passes over checks, partial and expression indexes, sequences and
# comments of some things; PostgreSQL's catalogue says them all.
CATALOGUE = {
    "tables": """
        select c.relname || coalesce(' -- ' || obj_description(c.oid, 'pg_class'), '')
        from pg_class c where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace""",
    "columns": """
        select c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
            || case when a.attnotnull then ' not null' else '' end
            || ' identity=' || a.attidentity::text || ' default='
            || coalesce(pg_get_expr(d.adbin, d.adrelid), '')
            || ' -- ' || coalesce(col_description(c.oid, a.attnum), '')
        from pg_class c join pg_attribute a on a.attrelid = c.oid
        left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
        where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
            and a.attnum > 0 and not a.attisdropped""",
    "indexes": "select indexdef from pg_indexes where schemaname = 'public'",
    "constraints": """
        select conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
        from pg_constraint where connamespace = 'public'::regnamespace""",
    "sequences": """
        select sequencename || ' from ' || start_value || ' by ' || increment_by
        from pg_sequences where schemaname = 'public'""",
}


def catalogue(url: str) -> dict[str, set[str]]:
    """Give what a database has, in PostgreSQL's own words, alembic's table aside."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        found = {
            kind: {row for (row,) in connection.execute(text(question))}
            for kind, question in CATALOGUE.items()
        }
    return {kind: {row for row in rows if "alembic_" not in row} for kind, rows in found.items()}


@pytest.mark.parametrize("part", PARTS)
def test_the_migrated_database_is_the_one_the_models_describe(
    part: str, database_factory: Callable[[str], str], empty_database: str
) -> None:
    described = create_engine(empty_database, poolclass=NullPool)
    with described.begin() as connection:
        metadata_of(part).create_all(connection)

    migrated, wished = catalogue(database_factory(part)), catalogue(empty_database)

    for kind in CATALOGUE:
        assert migrated[kind] - wished[kind] == set(), f"only in migrations: {kind}"
        assert wished[kind] - migrated[kind] == set(), f"only in models: {kind}"


@pytest.mark.parametrize("part", PARTS)
def test_alembic_would_write_no_further_migration(
    part: str, database_factory: Callable[[str], str]
) -> None:
    engine = create_engine(database_factory(part), poolclass=NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata_of(part)) == []
