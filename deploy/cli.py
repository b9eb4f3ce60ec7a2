"""The commands of `./gendan`; each only parses and hands over to the room that does the work."""

import sys
from collections.abc import Sequence

import click
from rich.console import Console

from deploy.local.problems import Problem

PASSED_THROUGH = {"ignore_unknown_options": True, "help_option_names": []}


def say(text: str) -> None:
    """Print one line of progress."""
    Console(highlight=False, soft_wrap=True).print(text, markup=False)


class Launcher(click.Group):
    """A group of commands that tells a `Problem` in one sentence."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except Problem as problem:
            raise click.ClickException(str(problem)) from problem


@click.group(cls=Launcher, context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Set up, start, watch and stop a whole Gendan."""


@cli.command()
def lint() -> None:
    """Check style, spelling, types and import contracts: the quick first part of `test`."""
    from deploy.local.test_run import run_checks

    sys.exit(1 if run_checks(say) else 0)


@cli.command(context_settings=PASSED_THROUGH)
@click.argument("pytest_arguments", nargs=-1, type=click.UNPROCESSED)
def test(pytest_arguments: Sequence[str]) -> None:
    """Lint, then run the suite on engines of its own; every argument goes to pytest."""
    from deploy.local.test_run import run_checks, run_tests

    failed = run_checks(say)
    code = run_tests(pytest_arguments, say)
    if failed:
        say(f"gendan: these checks failed, see above: {', '.join(failed)}")
    sys.exit(code or (1 if failed else 0))


if __name__ == "__main__":
    cli(prog_name="gendan")
