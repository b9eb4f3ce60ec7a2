"""`./gendan import`: load a company's books, or the example's."""

import os
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from deploy.local import accounts, records
from deploy.local.instance import Instance, own_places
from deploy.local.problems import Problem

if TYPE_CHECKING:
    from deploy.import_books.checking import Book

PASSWORD_VARIABLE = "GENDAN_IMPORT_PASSWORD"  # noqa: S105 - the name of a variable


@click.command("import")
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Check everything and send nothing.")
@click.option("--example", is_flag=True, help="The example book instead of a folder.")
@click.option("--user", "users", multiple=True, help="Sign in as this account; may be repeated.")
@click.option("--url", help="The API's address where ./gendan up does not run it; wants --user.")
def command(
    folder: Path | None, *, dry_run: bool, example: bool, users: tuple[str, ...], url: str | None
) -> None:
    """Load customers, products and past orders from the CSV files in FOLDER.

    docs/import.md describes the files. Loading again repeats nothing, so an interrupted
    import is simply started anew.
    """
    from deploy.demo.load import EXAMPLE_BOOK
    from deploy.import_books.load import check_against, load_book, read_and_check
    from deploy.import_books.sending import Api

    if (folder is None) != example:
        raise click.UsageError("Give either a folder or --example.")
    click.echo("checking the files")
    book = read_and_check(folder or EXAMPLE_BOOK)
    for name, rows in book.tables.items():
        if rows and not example:
            click.echo(f"{name}: {len(rows)} rows are well")
    for remark in book.remarks:
        click.echo(remark)
    # Books can be checked before anything has ever been set up.
    is_running = url is not None or records.is_held(own_places().home)
    if dry_run and not is_running:
        click.echo("The system is not running: what no file says was not looked up in it.")
        for line in not_looked_up(book):
            click.echo(line)
        return
    if not is_running:
        raise Problem("The system is not running: start it with ./gendan up.")
    api = Api(url or Instance.open().plan.address, passwords(users, is_here=url is None))
    if dry_run:
        check_against(book, api)
        click.echo("nothing is wrong with the files; nothing was sent")
        click.echo("What is there already was not compared: the import itself tells what differs.")
        return
    for line in load_book(book, api, Console(stderr=True)).lines():
        click.echo(line)


def not_looked_up(book: "Book") -> list[str]:
    """Name, by table, what only a running system can say to be right."""
    named: dict[str, set[str]] = defaultdict(set)
    for table, code in book.outside:
        named[table].add(code)
    for record in book["customers"]:
        if "salesperson" in record.body:
            named["salespeople"].add(record.body["salesperson"])
    return [f"  {table}: {', '.join(sorted(codes))}" for table, codes in named.items()]


def passwords(users: tuple[str, ...], *, is_here: bool) -> Mapping[str, str]:
    """Give who signs in: those asked for, else all whose lasting password is known here."""
    if not users:
        kept = accounts.lasting_passwords(Instance.open()) if is_here else {}
        if not kept:
            raise Problem("Say with --user who imports; an admin may do most of it.")
        return kept
    given = os.environ.get(PASSWORD_VARIABLE)
    return {user: given or click.prompt(f"Password of {user}", hide_input=True) for user in users}
