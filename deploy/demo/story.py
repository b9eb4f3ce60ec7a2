"""The story of SPEC, chapter by chapter, through the HTTP API of a running system.

Every chapter works with customers, products and materials of its own, so the story can be
told any number of times, and raises StoryDiffers as soon as anything is not as SPEC says.
"""

from collections.abc import Callable, Mapping

from deploy.demo.gates import material_short, over_the_limit, price_below_scheme, refusals
from deploy.demo.grades import customer_a, customer_c, demoted
from deploy.demo.making import customer_b
from deploy.demo.people import Company
from deploy.demo.races import cancel_against_dispatch, credit, material, scans, stock
from deploy.demo.returns import five_come_back
from deploy.demo.stops import (
    back_to_draft,
    cancel_before_production,
    cancel_during_production,
    expiry,
    hold_and_resume,
)
from deploy.demo.world import World

Chapter = Callable[[World], None]

CHAPTERS: dict[str, Chapter] = {
    "1 customer B, made to order, from the first call to the closed order": customer_b,
    "2 customer A: the instruction before the sign-back": customer_a,
    "2 customer A demoted: the instruction waits": demoted,
    "3 customer C: prepaid, from stock": customer_c,
    "4 credit held, the director overrides": over_the_limit,
    "4 material short": material_short,
    "4 price below the scheme": price_below_scheme,
    "4 refusals": refusals,
    "5 twenty orders for a limit of seven": credit,
    "5 twenty statements for material for seven": material,
    "5 twenty orders for stock of seven": stock,
    "5 cancel against dispatch": cancel_against_dispatch,
    "5 scans repeated and shuffled": scans,
    "6 cancel before production": cancel_before_production,
    "6 cancel during production": cancel_during_production,
    "6 hold and resume": hold_and_resume,
    "6 back to draft with another quantity": back_to_draft,
    "6 a confirmation that nobody signs": expiry,
    "7 five pieces come back": five_come_back,
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
