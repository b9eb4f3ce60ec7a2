"""The story of SPEC, chapter by chapter, through the HTTP API of a running system.

Every chapter works with customers, products and materials of its own, so the story can be
told any number of times, and raises StoryDiffers as soon as anything is not as SPEC says.
"""

from collections.abc import Callable, Mapping

from deploy.demo import gates, grades, making, races, returns, stops
from deploy.demo.people import Company
from deploy.demo.world import World

Chapter = Callable[[World], None]

CHAPTERS: dict[str, Chapter] = {
    "1 customer B, made to order, from the first call to the closed order": making.customer_b,
    "2 customer A: the instruction before the sign-back": grades.customer_a,
    "2 customer A demoted: the instruction waits": grades.demoted,
    "3 customer C: prepaid, from stock": grades.customer_c,
    "4 credit held, the director overrides": gates.over_the_limit,
    "4 material short": gates.material_short,
    "4 price below the scheme": gates.price_below_scheme,
    "4 refusals": gates.refusals,
    "5 twenty orders for a limit of seven": races.credit,
    "5 twenty statements for material for seven": races.material,
    "5 twenty orders for stock of seven": races.stock,
    "5 cancel against dispatch": races.cancel_against_dispatch,
    "5 scans repeated and shuffled": races.scans,
    "6 cancel before production": stops.cancel_before_production,
    "6 cancel during production": stops.cancel_during_production,
    "6 hold and resume": stops.hold_and_resume,
    "6 back to draft with another quantity": stops.back_to_draft,
    "6 a confirmation that nobody signs": stops.expiry,
    "7 five pieces come back": returns.five_come_back,
}


def run(
    base_url: str,
    *,
    passwords: Mapping[str, str],
    advance_days: Callable[[float], None],
    say: Callable[[str], None],
) -> None:
    """Tell every chapter; raises StoryDiffers where the system does otherwise."""
    company = Company(base_url, passwords, advance_days, say)
    for title, chapter in CHAPTERS.items():
        say(f"== {title}")
        chapter(World.new(company))
    say("== The story is told; everything was as SPEC says.")
