"""What the command line understands, and how it refuses."""

import errno
import os
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from deploy.cli import cli
from deploy.commands.import_books import PASSWORD_VARIABLE
from deploy.local import test_run
from deploy.local.instance import NAME_VARIABLE, Plan
from deploy.local.logs import headed
from deploy.local.parts import stop_seconds, tuning
from deploy.local.places import Places
from deploy.local.ports import LOOPBACK


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["up", "--replicas", "orderz=2"], "orderz is none of orders, customers"),
        (["up", "--replicas", "orders=0"], "'0' is no number from 1 to 32"),
        (["up", "--replicas", "orders"], "say orders=2"),
        (["up", "--port", "70000"], "70000 is not in the range 1<=x<=65535"),
        (["up", "--profile", "staging"], "'staging' is not one of 'tryout', 'production'"),
        (["parked", "show", "12"], "'12' is not like orders:12"),
        (["accounts", "add", "li", "--name", "李", "--role", "boss"], "'boss' is not one of"),
        (["audit", "--json", "no/where.json"], "no is no folder to write to."),
    ],
)
def test_a_wrong_word_is_refused_with_what_is_right(arguments: list[str], told: str) -> None:
    result = CliRunner().invoke(cli, arguments)

    assert result.exit_code == 2
    assert told in result.output


def test_an_account_that_will_not_do_is_refused_in_words() -> None:
    wish = ["accounts", "add", "Li Na", "--name", "李", "--role", "clerk"]

    result = CliRunner().invoke(cli, wish, env={NAME_VARIABLE: "never-set-up"})

    assert result.exit_code == 1
    assert "This will not do: username: Must be 2 to 40 of a-z" in result.output


def test_an_instances_name_must_be_fit_for_a_folder() -> None:
    result = CliRunner().invoke(cli, ["status"], env={NAME_VARIABLE: "../other"})

    assert result.exit_code == 1
    assert "will not do" in result.output


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (errno.ENOSPC, "Error: The disk is full: free some space.\n"),
        (errno.EROFS, "Error: var/main cannot be used: Read-only file system.\n"),
        (errno.EACCES, "Error: var/main cannot be used: Permission denied.\n"),
    ],
)
def test_a_folder_that_cannot_be_written_is_told_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, number: int, told: str
) -> None:
    def unwritable(_: Places) -> None:
        raise OSError(number, os.strerror(number), "var/main")

    monkeypatch.setattr(Places, "make", unwritable)

    result = CliRunner().invoke(cli, ["up"], env={NAME_VARIABLE: "never-set-up"})

    assert (result.exit_code, result.output) == (1, told)


def test_no_instance_of_a_person_is_taken_for_an_abandoned_run_of_tests() -> None:
    """A run of tests deletes those, with their backups."""
    result = CliRunner().invoke(cli, ["status"], env={NAME_VARIABLE: f"{test_run.PREFIX}import"})

    assert result.exit_code == 1
    assert "will not do" in result.output


def test_books_are_checked_where_nothing_was_ever_set_up(tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_text("customer_code,name\nHUALIAN,华联超市\n")
    here = {NAME_VARIABLE: "never-set-up"}

    checked = CliRunner().invoke(cli, ["import", str(tmp_path), "--dry-run"], env=here)
    sent = CliRunner().invoke(cli, ["import", str(tmp_path)], env=here)

    assert (checked.exit_code, checked.output.splitlines()[1]) == (0, "customers: 1 rows are well")
    assert (sent.exit_code, "start it with ./gendan up" in sent.output) == (1, True)


def test_books_are_sent_where_they_are_told_to_by_who_is_named(tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_text("customer_code,name\nHUALIAN,华联超市\n")
    here = {NAME_VARIABLE: "never-set-up", PASSWORD_VARIABLE: "word"}

    with socket.socket() as silent:
        silent.bind((LOOPBACK, 0))
        address = f"http://{LOOPBACK}:{silent.getsockname()[1]}"
        there = ["import", str(tmp_path), "--url", address]
        nobody = CliRunner().invoke(cli, there, env=here)
        admin = CliRunner().invoke(cli, [*there, "--user", "admin"], env=here)

    assert (nobody.exit_code, "Say with --user who imports" in nobody.output) == (1, True)
    assert (admin.exit_code, f"{address}/api/v1 does not answer" in admin.output) == (1, True)


def test_every_command_says_what_it_does() -> None:
    context = cli.make_context("gendan", [], resilient_parsing=True)

    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        assert command.get_short_help_str()


def test_every_command_explains_itself_and_does_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(test_run, "run_check", None)
    context = cli.make_context("gendan", [], resilient_parsing=True)

    for name in cli.list_commands(context):
        result = CliRunner().invoke(cli, [name, "--help"])
        assert (result.exit_code, result.output.startswith("Usage: ")) == (0, True), name


def test_parts_are_not_told_the_administrators_addresses() -> None:
    told = tuning(
        {
            "GENDAN_LOG_LEVEL": "DEBUG",
            "GENDAN_PG_ADMIN_URL": "secret",
            "GENDAN_AMQP_ADMIN_URL": "secret",
            "GENDAN_RABBITMQCTL": "secret",
            "HOME": "/root",
        }
    )

    assert told == {"GENDAN_LOG_LEVEL": "DEBUG"}


def test_parts_are_told_of_a_metrics_port_only_where_each_gets_its_own() -> None:
    assert tuning({"GENDAN_METRICS_PORT": "9100"}) == {}
    assert tuning({"GENDAN_METRICS_PORT": "0"}) == {"GENDAN_METRICS_PORT": "0"}


@pytest.mark.parametrize(
    ("grace", "seconds"), [("10", 30.0), ("25.0", 30.0), ("60", 65.0), ("long", 30.0)]
)
def test_a_part_has_longer_to_end_than_it_gives_its_running_work(
    grace: str, seconds: float
) -> None:
    assert stop_seconds({"GENDAN_GRACE_SECONDS": grace}) == seconds


def test_one_replica_is_run_where_nothing_else_was_wished() -> None:
    plan = Plan(replicas={"orders": 3})

    assert (plan.replicas_of("orders"), plan.replicas_of("customers")) == (3, 1)


def test_a_line_of_log_is_headed_by_its_part() -> None:
    assert headed(Path("orders.1.log"), "up") == "orders.1       up"
