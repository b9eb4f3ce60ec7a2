"""Migrated, empty databases to clone, made once for all pytest processes of a run."""

import fcntl
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local import databases
from deploy.local.engines import Engines

PASSWORD = "only-loopback-and-only-while-testing"


@dataclass(frozen=True)
class Templates:
    """One database per service; `folder` is what all processes of the run share."""

    engines: Engines
    folder: Path

    def __call__(self, service: str) -> str:
        """Give the name of a service's template, which is its owner's name too."""
        with self._alone():
            name = f"{self._tag()}_{service}"
            made = self.folder / f"{service}.made"
            if not made.exists():
                self._make(service, name)
                made.touch()
            return name

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Hold the templates; who lets go last drops them."""
        self.folder.mkdir(exist_ok=True)
        holder = self.folder / f"{secrets.token_hex(4)}.holds"
        with self._alone():
            holder.touch()
        try:
            yield
        finally:
            with self._alone():
                holder.unlink()
                if not any(self.folder.glob("*.holds")):
                    self._drop_all()

    def _tag(self) -> str:
        kept = self.folder / "tag"
        if not kept.exists():
            kept.write_text(f"t{secrets.token_hex(4)}")
        return kept.read_text()

    def _make(self, service: str, name: str) -> None:
        admin = self.engines.pg_admin_url
        databases.ensure_role(admin, name, PASSWORD)
        databases.ensure_database(admin, name, name)
        url = databases.database_url(admin, database=name, role=name, password=PASSWORD)
        databases.migrate({service: url}, self.folder, self.folder / "migrations.log")

    def _drop_all(self) -> None:
        for made in self.folder.glob("*.made"):
            name = f"{self._tag()}_{made.stem}"
            databases.drop_database(self.engines.pg_admin_url, name)
            databases.drop_role(self.engines.pg_admin_url, name)
            made.unlink()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with (self.folder / "lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def fill_from(templates: Templates, admin_url: str, part: str, name: str) -> None:
    """Make a database of `part`, migrated, for the role of the same name, which may own nothing.

    What is in it belongs to the template's owner, and the role to those who are that owner.
    """
    template = templates(part)
    databases.ensure_database(admin_url, name, name, template=template)
    with databases.administrating(admin_url) as admin, admin.cursor() as cursor:
        cursor.execute(f'grant "{template}" to "{name}"')
