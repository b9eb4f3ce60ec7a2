"""The story through HTTP on real parts, chapter by chapter.

Proves, each where the chapter's name says: O1 O2 O4 O5 O6 O9 O12 O13 O16 O17 O18 O19 O20 O21
O22 O23 O24 O25 O26 O29 O32 O34 O35 O37, C1 C2 C4 C8 C9 C10, I2 I8 I10 I16, S1 S2 S3 S5 S6 S12
S16 S19, A1 A3 A7, G9.
"""

import pytest

from deploy.audit.audit import Audit
from deploy.demo.people import Company
from deploy.demo.races import cancel_against_dispatch
from deploy.demo.story import CHAPTERS, Chapter
from deploy.demo.world import World

# Fifty rounds of cancel against dispatch are run on real transactions in
# tests/integration/shipping; through the whole system some are enough.
ROUNDS = 4


def _chapters() -> list[object]:
    chapters = dict(CHAPTERS)
    chapters["5 cancel against dispatch"] = lambda world: cancel_against_dispatch(world, ROUNDS)
    return [pytest.param(chapter, id=title) for title, chapter in chapters.items()]


@pytest.fixture(scope="module")
def told() -> list[Chapter]:
    """The chapters told so far."""
    return []


@pytest.mark.parametrize("chapter", _chapters())
def test_the_chapter_goes_as_spec_says(
    company: Company, chapter: Chapter, told: list[Chapter]
) -> None:
    chapter(World.new(company))
    told.append(chapter)


def test_after_the_whole_story_the_books_agree(audit: Audit, told: list[Chapter]) -> None:
    if len(told) < len(CHAPTERS):
        pytest.skip("the whole story was not told")

    report = audit.run()

    assert [str(difference) for difference in report.differences] == []
    assert report.was_quiet
    assert report.compared["orders"] >= len(CHAPTERS)
