"""The migrated database is the one the models describe."""

from collections.abc import Callable

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from gateway.storage import Base


def test_models_and_migrations_agree(database_factory: Callable[[str], str]) -> None:
    engine = create_engine(database_factory("gateway"))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()
