"""Several instances and checkouts on the same given engines: none touches another's."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import amqp
import pytest
from kombu.connection import Connection

from chassis import topology
from deploy.local import postgres
from deploy.local.engines import Engines
from deploy.local.installation import Installation
from deploy.local.instance import tag_of
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
