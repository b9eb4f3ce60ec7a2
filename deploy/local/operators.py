"""Who stands at the launcher, and the databases as they see them."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
from sqlalchemy import MetaData
from sqlalchemy.exc import DBAPIError

from chassis.database import DatabaseUnavailable, Platform, Store
from chassis.errors import GendanError
from chassis.principal import Principal
from deploy.local.databases import for_sqlalchemy
from deploy.local.instance import Instance
from deploy.local.problems import Problem


def operator() -> Principal:
    """Return who is typing, as logs shall name them."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "unknown"
    return Principal(f"operator:{name}", name, frozenset({"admin"}), kind="system")


def store_of(instance: Instance, service: str) -> Store:
    """Return a service's database with the tables that every service has."""
    url = for_sqlalchemy(instance.installation.database_urls()[service])
    return Store(
        service=service, url=url, platform=Platform(MetaData()), events={}, rules={}, pool_size=1
    )


@contextmanager
def told_plainly() -> Iterator[None]:
    """Tell a refusal of the business, or a database that is away, as a `Problem`."""
    try:
        yield
    except (DatabaseUnavailable, DBAPIError, psycopg2.Error) as error:
        raise Problem("The database does not answer: start it with ./gendan up.") from error
    except GendanError as refusal:
        raise Problem(f"{refusal.message}") from refusal
