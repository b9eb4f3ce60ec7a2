"""What is loaded is left out of the searches for garbage; what comes after is found."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from chassis import garbage


@pytest.fixture
def as_it_was() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


@pytest.mark.usefixtures("as_it_was")
def test_a_process_that_serves_looks_for_garbage_seldom_and_past_what_it_loaded() -> None:
    garbage.spare_what_is_loaded()
    assert gc.get_freeze_count() > 10_000
    assert gc.get_threshold()[0] == garbage.ALLOCATIONS_BETWEEN


@pytest.mark.usefixtures("as_it_was")
def test_rings_made_later_are_still_found() -> None:
    class Ring:
        def __init__(self) -> None:
            self.itself = self

    garbage.spare_what_is_loaded()
    watched = weakref.ref(Ring())
    gc.collect()
    assert watched() is None
