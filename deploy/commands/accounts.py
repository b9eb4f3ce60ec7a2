"""`./gendan accounts`: who may sign in."""

from collections.abc import Sequence

import click
from marshmallow import ValidationError

from chassis.clock import machine_now
from deploy.local import accounts
from deploy.local.accounts import KnownAccount, gateway_work
from deploy.local.instance import Instance
from deploy.local.problems import Problem
from gateway import accounts as people
from gateway import storage
from gateway.resources.accounts import PEOPLE, NewAccount


@click.group("accounts", invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """List, add, reset or lock the accounts of people."""
    if context.invoked_subcommand is None:
        context.invoke(list_accounts)


@command.command("list")
def list_accounts() -> None:
    """List every account, with its first password where one was written down here."""
    instance = Instance.open()
    first = {each.username: each for each in accounts.known(instance)}
    for account in accounts.listed(instance.installation):
        click.echo(
            f"{account.username:<14} {'、'.join(account.roles):<14} {account.display_name}  "
            f"{described(account, first.get(account.username))}"
        )
    click.echo(f"(kept in {accounts.file_of(instance)}, which only its owner can read)")


def described(account: storage.Account, first: KnownAccount | None) -> str:
    """Return what to say of an account's password."""
    if account.locked:
        return "locked"
    if first is None or not accounts.is_good(first, account):
        return "password known to its owner alone"
    if account.one_time_until and account.one_time_until < machine_now():
        return f"one-time password has run out: ./gendan accounts reset {account.username}"
    return f"password {first.password}{' (good once)' if first.one_time else ''}"


@command.command()
@click.argument("username")
@click.option("--name", required=True, help="As others see them.")
@click.option("--role", "roles", type=click.Choice(PEOPLE), multiple=True, required=True)
def add(username: str, *, name: str, roles: Sequence[str]) -> None:
    """Open an account; its one-time password is printed."""
    wish = {"username": username, "display_name": name, "roles": list(roles)}
    try:
        # As strictly as the API: who is added here is to be found there.
        wish = NewAccount().load(wish)
    except ValidationError as error:
        found = error.messages_dict.items()
        told = "; ".join(f"{field}: {' '.join(messages)}" for field, messages in found)
        raise Problem(f"This will not do: {told}") from None
    instance = Instance.open()
    with gateway_work(instance.installation) as work:
        account, one_time = people.add_account(work, **wish)
    click.echo(f"{account.username}: one-time password {one_time}")


@command.command()
@click.argument("username")
def reset(username: str) -> None:
    """Give an account a one-time password; its sessions end."""
    with gateway_work(Instance.open().installation) as work:
        account, one_time = people.reset_password(work, username)
    click.echo(f"{account.username}: one-time password {one_time}")


@command.command()
@click.argument("username")
def lock(username: str) -> None:
    """Keep a person out at once."""
    with gateway_work(Instance.open().installation) as work:
        people.lock_account(work, username)
    click.echo(f"{username} is locked")


@command.command()
@click.argument("username")
def unlock(username: str) -> None:
    """Let a person in again."""
    with gateway_work(Instance.open().installation) as work:
        people.unlock_account(work, username)
    click.echo(f"{username} is unlocked")


@command.command("first", hidden=True)
def first() -> None:
    """Make the first accounts; the launcher does this in a process of its own."""
    made = accounts.make_first(Instance.open())
    if made:
        click.echo(f"made {made} account{'s' if made > 1 else ''}")
