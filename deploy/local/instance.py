"""A whole Gendan of this checkout: engines, databases, broker, relay, services and gateway."""

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from deploy.local import packages, secrets_file
from deploy.local.databases import SERVICES
from deploy.local.engines import Engines, given_engines, private_engines, settled_secrets
from deploy.local.installation import Installation
from deploy.local.parts import Wiring
from deploy.local.places import Places, places_for, write_private
from deploy.local.ports import is_free
from deploy.local.problems import Problem
from deploy.local.secrets_file import InstanceSecrets
from deploy.local.supervisor import Supervisor

# A checkout can run several instances beside each other: each has its own name.
NAME_VARIABLE = "GENDAN_INSTANCE"
MAIN = "main"
POSTGRES = "postgresql"
RESERVED_NAMES = ("data",)
DEFAULT_PORT = 8000
TRYOUT, PRODUCTION = "tryout", "production"


@dataclass(frozen=True)
class Plan:
    """What an instance runs; kept, so that a later `up` and every other command know it."""

    profile: str = TRYOUT
    port: int = DEFAULT_PORT
    replicas: Mapping[str, int] = field(default_factory=dict)

    def replicas_of(self, service: str) -> int:
        return self.replicas.get(service, 1)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def _cluster(places: Places) -> Path:
    """Give the file that a private PostgreSQL's data are known by."""
    return places.data / "postgres" / "PG_VERSION"


def _strays(places: Places) -> Path:
    """Give the mark of data whose passwords are lost."""
    return places.home / "strays"


def _made(places: Places) -> Path:
    """Give the mark of an instance that was let onto given engines and made its things there."""
    return places.home / "made"


class Instance:
    """The running or stopped system called `name`, seen from the launcher."""

    def __init__(self, places: Places, kept: InstanceSecrets, engines: Engines) -> None:
        self.places = places
        self.engines = engines
        self.installation = Installation(engines, kept.password_of, tag_of(places, engines))
        self._kept = kept
        # Every password is drawn now, so that saving once is enough.
        self.wiring_urls = (self.installation.database_urls(), self.installation.bus_urls())
        self.save_secrets()

    @classmethod
    def open(cls, *, move_ports: bool = False) -> "Instance":
        """Return the instance of this checkout; `move_ports` to start it, while nothing runs."""
        places = own_places()
        places.make()
        if move_ports:
            places.check_space()
        path = places.home / "secrets.json"
        is_private = given_engines() is None
        if move_ports and not path.exists() and is_private and _cluster(places).exists():
            # Root's data lie outside the checkout, so they outlive one that was deleted.
            _strays(places).touch()
        kept = settled_secrets(places) if move_ports else secrets_file.load(path)
        if kept is None:
            raise Problem("Nothing has been set up here yet: run ./gendan up first.")
        engines = given_engines() or private_engines(places, kept)
        return cls(places, kept, engines)

    def save_secrets(self) -> None:
        secrets_file.save(self._kept, self.places.home / "secrets.json")

    # What it runs ---------------------------------------------------------------------------

    @property
    def plan(self) -> Plan:
        """What was last started here."""
        path = self.places.home / "plan.json"
        return Plan(**json.loads(path.read_text())) if path.exists() else Plan()

    @property
    def is_new(self) -> bool:
        """Whether its databases have never been prepared."""
        return not (self.places.home / "plan.json").exists()

    @property
    def half_restored(self) -> Path:
        """The mark of a restore that has begun and not ended."""
        return self.places.home / "restoring"

    def check_whole(self) -> None:
        """Raise `Problem` where the data are nobody's books, another checkout's, or gone."""
        if self.places.emptying.exists():
            raise Problem(
                "The data of this instance were being deleted, and that did not end: begin with "
                "./gendan up --fresh, or restore with ./gendan restore FOLDER --fresh."
            )
        if _strays(self.places).exists():
            raise Problem(
                f"In {self.places.data} are the data of an earlier checkout in this place, and "
                "their passwords went with it: begin with ./gendan up --fresh, which deletes "
                "them, or clone into another folder."
            )
        if self.half_restored.exists():
            raise Problem(
                "A restore into this instance did not end, so its data are not whole: restore "
                "again with ./gendan restore FOLDER --fresh, or begin with ./gendan up --fresh."
            )

        if self.engines.are_ours and not self.is_new and not _cluster(self.places).exists():
            raise Problem(
                f"The settings of this instance are here and its data are not in "
                f"{self.places.data}: put them back (root's lie by the checkout's path: a checkout "
                "that was moved has to go back), restore with ./gendan restore FOLDER --fresh, or "
                "begin with ./gendan up --fresh."
            )

    def keep_plan(self, plan: Plan) -> None:
        write_private(self.places.home / "plan.json", json.dumps(asdict(plan)))

    def wiring(self, plan: Plan) -> Wiring:
        """Return what each part is told under a plan."""
        databases, buses = self.wiring_urls
        return Wiring(
            databases=databases,
            buses=buses,
            logs=self.places.logs,
            run=self.places.run,
            profile=plan.profile,
            clock_file=self.places.clock_file,
            attachments=self.places.attachments,
        )

    # Starting -------------------------------------------------------------------------------

    def prepare_start(self, plan: Plan, say: Callable[[str], None]) -> None:
        """Install what is missing; raise `Problem` where a start could not succeed."""
        check_port(plan.port)
        if self.engines.are_ours:
            packages.ensure_engine_packages(say)
        self.check_given()

    def start(self, supervisor: Supervisor, plan: Plan, say: Callable[[str], None]) -> None:
        """Bring everything up under `supervisor`, a line for each step; raise `Problem`."""
        self.prepare_start(plan, say)
        programs = self.engines.programs()
        if programs:
            say(f"starting {', '.join(program.name for program in programs)}")
        for program in programs:
            supervisor.launch([program])
        # RabbitMQ takes its time: the databases are prepared meanwhile.
        if self.engines.postgres:
            supervisor.process(POSTGRES).await_ready()
        say("preparing six databases")
        self.begin_making()
        for change in self.installation.prepare_databases(
            self.places.backups, self.places.migrations_log
        ):
            say(f"  {change}")
        supervisor.await_ready()
        say("preparing the broker: one user per part, only its own permissions")
        self.installation.prepare_broker()
        # Kept now: a start that fails later must not become one of another profile.
        self.keep_plan(plan)
        self.start_parts(supervisor, plan, say)

    def start_parts(self, supervisor: Supervisor, plan: Plan, say: Callable[[str], None]) -> None:
        """Start relay, services and gateway on engines that are ready."""
        wiring = self.wiring(plan)
        say("starting the relay")
        supervisor.launch([wiring.relay()])
        say("starting " + ", ".join(f"{name} × {plan.replicas_of(name)}" for name in SERVICES))
        supervisor.start(
            [
                wiring.service(service, number)
                for service in SERVICES
                for number in range(1, plan.replicas_of(service) + 1)
            ]
        )
        say("starting the gateway")
        check_port(plan.port)  # again: somebody may have taken it while all else was started
        supervisor.start([wiring.gateway(plan.port)])

    def check_given(self) -> None:
        """Raise `Problem` where given engines do not answer, or are not for us to change."""
        self.engines.check_given()
        if self.engines.are_ours:
            return
        try:
            self.installation.check_ours(is_new=not self._has_made)
        except Problem as problem:
            if self.is_new or self._has_made:
                raise
            # A release before the mark may have made them, after it had run private engines.
            raise Problem(
                f"{problem} If an older release of this very checkout made them: "
                f"touch {_made(self.places)}, and try again."
            ) from None

    def begin_making(self) -> None:
        """Put down that from now on what has our names on given engines is ours."""
        if not self.engines.are_ours:
            _made(self.places).touch()

    @property
    def _has_made(self) -> bool:
        """Whether it has made anything on given engines; before the mark there was the plan."""
        was_private = _cluster(self.places).exists()
        return _made(self.places).exists() or not (self.is_new or was_private)

    def remove_data(self) -> None:
        """Delete all data and settings but the backups; on given engines, what it made there."""
        self.check_given()
        self.places.emptying.touch()
        if not self.engines.are_ours:
            self.installation.remove()
        self.places.empty()


def tag_of(places: Places, engines: Engines) -> str:
    """Return what an instance's names on its engines begin with: others may share given ones."""
    return "gendan" if engines.are_ours or places.name == MAIN else f"gendan_{places.name}"


def own_places() -> Places:
    """Return the folders of the instance that the environment names, else of the main one."""
    name = os.environ.get(NAME_VARIABLE, MAIN)
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,30}", name) or name in RESERVED_NAMES:
        raise Problem(f"{NAME_VARIABLE}={name} will not do: small letters, digits and dashes.")
    return places_for(name)


def check_port(port: int) -> None:
    """Raise `Problem` when the gateway could not bind its port."""
    if not is_free(port):
        raise Problem(
            f"Port {port} is in use by another program: stop it, or choose another port with "
            f"./gendan up --port {port + 1}."
        )
