"""A whole Gendan for tests: every process, as `./gendan up` runs them, on databases of its own."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from deploy.local import clock_file
from deploy.local.databases import PARTS, SERVICES, ensure_role
from deploy.local.engines import Engines
from deploy.local.installation import Installation
from deploy.local.parts import Wiring
from deploy.local.ports import free_ports
from deploy.local.processes import Process, Program
from deploy.local.supervisor import Supervisor
from tests.forks import ForkedProcess
from tests.templates import PASSWORD, Templates, fill_from


@dataclass(frozen=True)
class System:
    """A running system: where it is, how to reach into it, and how to move its clock."""

    url: str
    installation: Installation
    wiring: Wiring
    supervisor: Supervisor
    said: list[str]
    #: Of the account named after each role of SPEC §2; none has to be changed first.
    passwords: Mapping[str, str]

    def database_url(self, part: str) -> str:
        """The libpq address of a part's database, for looking."""
        return self.wiring.databases[part]

    def process(self, name: str) -> Process:
        """The process of `orders.1`, `relay`, `gateway` … as it is now; for faults."""
        return self.supervisor.process(name)

    def advance_days(self, days: float) -> None:
        """Move business time forward; processes see it within a second."""
        if self.wiring.clock_file is None:
            raise ValueError("this system has no clock file")
        clock_file.advance(self.wiring.clock_file, days * clock_file.SECONDS_PER_DAY)


def clone_databases(installation: Installation, templates: Templates) -> None:
    """Give an installation the databases that it would make and migrate itself."""
    admin_url = installation.engines.pg_admin_url
    for part in PARTS:
        name = installation.name_of(part)
        ensure_role(admin_url, name, installation.password_of(part))
        fill_from(templates, admin_url, part, name)


@contextmanager
def running_system(
    engines: Engines,
    tag: str,
    folder: Path,
    *,
    replicas: dict[str, int] | None = None,
    gateway_workers: int = 1,
    tune: Callable[[Wiring], Wiring] = lambda wiring: wiring,
    templates: Templates | None = None,
    fill: Callable[[Installation], None] = lambda _: None,
    begin: Callable[[Program], Process] = ForkedProcess,
) -> Iterator[System]:
    """Run the whole system under a supervisor for as long as the block lasts.

    `tag` begins the names of everything it makes on the engines; all of it is deleted. Its
    databases are cloned from `templates`, or made, filled by `fill`, and migrated. `begin` starts
    programs: what is measured of them wants real ones.
    """
    # Here, because it loads the gateway, which tests of other rooms do not need.
    from deploy.local.accounts import TRYOUT_PEOPLE, add_people

    for part in ("logs", "run"):
        (folder / part).mkdir(parents=True)
    said: list[str] = []
    installation = Installation(engines, lambda _part: PASSWORD, tag)
    supervisor = Supervisor(said.append, begin)
    watching = threading.Thread(target=supervisor.watch, name="supervisor")
    try:
        if templates is None:
            installation.make_databases()
            fill(installation)
            installation.prepare_databases(folder / "backups", folder / "logs" / "migrations.log")
        else:
            clone_databases(installation, templates)
        installation.prepare_broker()
        people = add_people(installation, TRYOUT_PEOPLE, lasting=True)
        wiring = tune(
            Wiring(
                databases=installation.database_urls(),
                buses=installation.bus_urls(),
                logs=folder / "logs",
                run=folder / "run",
                clock_file=folder / "clock",
                attachments=folder / "attachments",
            )
        )
        (port,) = free_ports(1)
        supervisor.launch([wiring.relay()])
        supervisor.start(
            [
                wiring.service(service, number + 1)
                for service in SERVICES
                for number in range((replicas or {}).get(service, 1))
            ]
        )
        supervisor.start([wiring.gateway(port, workers=gateway_workers)])
        watching.start()
        yield System(
            url=f"http://127.0.0.1:{port}",
            installation=installation,
            wiring=wiring,
            supervisor=supervisor,
            said=said,
            passwords={account.username: account.password for account in people},
        )
    finally:
        supervisor.stop()
        if watching.is_alive():
            watching.join()
        installation.remove()


def with_settings(**settings: str) -> Callable[[Wiring], Wiring]:
    """Tune a system: `with_settings(GENDAN_FAULT_POINTS="…")` tells every process so."""
    return lambda wiring: replace(wiring, extra={**wiring.extra, **settings})
