"""Prepare engines for Gendan: roles, databases, migrations, vhost, users and permissions."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from deploy.local import databases, postgres
from deploy.local.broker import address_in, purge_queues
from deploy.local.databases import PARTS
from deploy.local.engines import Engines
from deploy.local.parts import BUS_USERS, permission_of, topic_permission_of
from deploy.local.problems import Problem


@dataclass(frozen=True)
class Installation:
    """One Gendan on a pair of engines; `tag` begins every name it makes there."""

    engines: Engines
    password_of: Callable[[str], str]
    tag: str = "gendan"

    @property
    def vhost(self) -> str:
        return self.tag

    def name_of(self, part: str) -> str:
        """Return the name of a part's database, its role and its broker user."""
        return f"{self.tag}_{part}"

    def database_urls(self) -> dict[str, str]:
        """Return the libpq address of each part's own database."""
        return {
            part: databases.database_url(
                self.engines.pg_admin_url,
                database=self.name_of(part),
                role=self.name_of(part),
                password=self.password_of(part),
            )
            for part in PARTS
        }

    def bus_urls(self) -> dict[str, str]:
        """Return each user's AMQP address; all the same one when no users can be made."""
        if self.engines.control is None:
            return dict.fromkeys(BUS_USERS, self.engines.amqp_admin_url)
        return {
            user: address_in(
                self.engines.amqp_admin_url,
                vhost=self.vhost,
                user=self.name_of(user),
                password=self.password_of(user),
            )
            for user in BUS_USERS
        }

    def check_ours(self, *, is_new: bool) -> None:
        """Raise `Problem` where another installation has our names on these engines.

        It would be locked out of its databases, or lose them. What is not new has made the roles
        that let it in.
        """
        admin = self.engines.pg_admin_url
        names = {self.name_of(part): part for part in PARTS}
        foreign = [
            name
            for name, has_database in databases.taken_names(admin, names).items()
            if is_new or not self._is_let_in(names[name], own_database=has_database)
        ]
        if is_new and self.engines.control and self.vhost in self.engines.control.vhosts():
            foreign.append(f"the vhost {self.vhost}")
        if foreign:
            raise Problem(
                f"On the engines that were given, {', '.join(sorted(foreign))} are there already "
                "and not of this instance's making: choose another GENDAN_INSTANCE, or give other "
                "engines. What nobody needs any more has to be dropped by hand."
            )

    def _is_let_in(self, part: str, *, own_database: bool) -> bool:
        url = self.database_urls()[part]
        if not own_database:
            url = databases.with_database(url, databases.database_in(self.engines.pg_admin_url))
        return postgres.answers(url)

    def prepare_databases(self, backups: Path, log: Path) -> list[str]:
        """Create what is missing and migrate what is old; return a sentence for each change."""
        self.make_databases()
        return databases.migrate(self.database_urls(), backups, log)

    def make_databases(self, parts: Iterable[str] = PARTS) -> None:
        """Create the roles and databases that are missing, empty."""
        admin = self.engines.pg_admin_url
        for part in parts:
            name = self.name_of(part)
            databases.ensure_role(admin, name, self.password_of(part))
            databases.ensure_database(admin, name, name)

    def prepare_broker(self) -> None:
        """Create the vhost and one user per part with only the permissions it needs."""
        if self.engines.control is None:
            return
        self.engines.control.define(
            vhost=self.vhost,
            passwords={self.name_of(user): self.password_of(user) for user in BUS_USERS},
            permissions={self.name_of(user): permission_of(user) for user in BUS_USERS},
            topic_permissions={self.name_of(user): topic_permission_of(user) for user in BUS_USERS},
        )

    def remove(self) -> None:
        """Delete everything this installation made on the engines.

        A vhost that was given is emptied: messages without their books would have no cause.
        """
        for part in PARTS:
            databases.drop_database(self.engines.pg_admin_url, self.name_of(part))
            databases.drop_role(self.engines.pg_admin_url, self.name_of(part))
        if self.engines.control:
            self.engines.control.drop(
                vhosts=[self.vhost], users=[self.name_of(user) for user in BUS_USERS]
            )
        else:
            purge_queues(self.engines.amqp_admin_url)
