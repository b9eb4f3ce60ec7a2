"""Several instances and checkouts on the same given engines: none touches another's."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import amqp
import pytest
from kombu.connection import Connection

from chassis import topology
from deploy.local import databases, postgres
from deploy.local.engines import AMQP_VARIABLE, CONTROL_VARIABLE, PG_VARIABLE, Engines
from deploy.local.installation import Installation
from deploy.local.instance import NAME_VARIABLE, Instance, Plan, tag_of
from deploy.local.places import Places
from deploy.local.problems import Problem
from tests.conftest import Vhost
from tests.templates import PASSWORD


@pytest.fixture(scope="module")
def first(engines: Engines, session_tag: str) -> Iterator[Installation]:
    """An installation that has its vhost, and of its databases that of orders."""
    made = Installation(engines, lambda _part: PASSWORD, f"{session_tag}_first")
    made.make_databases(["orders"])
    made.prepare_broker()
    yield made
    made.remove()


def test_an_installation_knows_its_own_names(first: Installation) -> None:
    first.check_ours(is_new=False)

    assert postgres.answers(first.database_urls()["orders"])


def test_a_role_that_has_another_password_is_anothers(first: Installation) -> None:
    other = Installation(first.engines, lambda _part: "other", first.tag)

    with pytest.raises(Problem, match=f"{first.tag}_orders are there already and not of this"):
        other.check_ours(is_new=False)


def test_whatever_a_new_installation_finds_is_anothers(first: Installation) -> None:
    """A server may let everybody in without looking at the password."""
    found = f"{first.tag}_orders, the vhost {first.tag} are there already"

    with pytest.raises(Problem, match=found):
        first.check_ours(is_new=True)


@pytest.fixture
def met(engines: Engines, monkeypatch: pytest.MonkeyPatch) -> Iterator[Instance]:
    """A new instance on engines that have a role of its name already, and let it in."""
    monkeypatch.setenv(NAME_VARIABLE, f"met-{os.getpid()}")
    monkeypatch.setenv(PG_VARIABLE, engines.pg_admin_url)
    monkeypatch.setenv(AMQP_VARIABLE, engines.amqp_admin_url)
    monkeypatch.delenv(CONTROL_VARIABLE, raising=False)
    own = Instance.open(move_ports=True)
    role = own.installation.name_of("orders")
    databases.ensure_role(engines.pg_admin_url, role, own.installation.password_of("orders"))
    yield own
    databases.drop_role(engines.pg_admin_url, role)
    own.places.remove()


def test_an_instance_that_was_refused_is_refused_again_until_it_makes_things(
    met: Instance,
) -> None:
    for _ in range(2):
        with pytest.raises(Problem, match="orders are there already and not of this"):
            Instance.open(move_ports=True).check_given()

    met.begin_making()

    Instance.open(move_ports=True).check_given()


def test_what_an_older_release_made_has_a_plan_and_no_mark(met: Instance) -> None:
    met.keep_plan(Plan())

    Instance.open().check_given()


def test_what_was_started_on_private_engines_is_new_on_given_ones(met: Instance) -> None:
    met.keep_plan(Plan())
    cluster = met.places.data / "postgres"
    cluster.mkdir()
    (cluster / "PG_VERSION").touch()
    mark = met.places.home / "made"

    with pytest.raises(Problem, match=f"older release of this very checkout .* touch {mark},"):
        Instance.open().check_given()

    # Until a person says that they are its own: one whose password is another stays refused.
    mark.touch()
    Instance.open().check_given()
    role = met.installation.name_of("orders")
    databases.ensure_role(met.engines.pg_admin_url, role, "another")
    with pytest.raises(Problem, match=r"by hand\.$"):
        Instance.open().check_given()


def test_a_given_vhost_is_emptied_of_what_has_no_books_any_more(
    engines: Engines, session_tag: str, vhost: Vhost
) -> None:
    name = topology.queue_name("orders", "customers")
    uncontrolled = replace(engines, amqp_admin_url=vhost.url, control=None)
    confirmed = {"confirm_publish": True}
    with (
        Connection(vhost.url, transport_options=confirmed) as connection,  # type: ignore[no-untyped-call]
        connection.channel() as channel,
    ):
        channel.queue_declare(name, durable=True, auto_delete=False)
        channel.basic_publish(amqp.Message("{}"), exchange="", routing_key=name)
        assert channel.queue_declare(name, passive=True).message_count == 1

        Installation(uncontrolled, lambda _part: PASSWORD, f"{session_tag}_bare").remove()

        assert channel.queue_declare(name, passive=True).message_count == 0


def test_each_instance_has_names_of_its_own_on_given_engines(tmp_path: Path) -> None:
    given = Engines("postgresql://", "amqp://")

    def tag(name: str) -> str:
        return tag_of(Places(name, tmp_path, tmp_path, None), given)

    assert (tag("main"), tag("second")) == ("gendan", "gendan_second")
