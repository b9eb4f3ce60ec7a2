"""`./gendan demo`: the story, told through the HTTP API of the running system."""

import click

from deploy.local import accounts, clock_file, records
from deploy.local.instance import TRYOUT, Instance
from deploy.local.problems import Problem


@click.command("demo")
def command() -> None:
    """Play an order's whole life, and fail loudly where the system does otherwise."""
    from deploy.demo.people import StoryDiffers
    from deploy.demo.story import run

    instance = Instance.open()
    if instance.plan.profile != TRYOUT:
        raise Problem("The story moves days and makes customers: it is for the try-out profile.")
    if not records.is_held(instance.places.home):
        raise Problem("The system is not running: start it with ./gendan up.")

    def advance_days(days: float) -> None:
        clock_file.advance(instance.places.clock_file, days * clock_file.SECONDS_PER_DAY)

    try:
        run(
            instance.plan.address,
            passwords={each.username: each.password for each in accounts.known(instance)},
            advance_days=advance_days,
            say=click.echo,
        )
    except StoryDiffers as difference:
        raise Problem(f"The story differs: {difference}") from difference
