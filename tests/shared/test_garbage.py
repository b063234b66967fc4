"""Cycles of objects that nobody holds: looked for seldom, but still found."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from shared.garbage import YOUNG_OBJECTS, seldom_collected


class Link:
    """One that refers to itself, so only a collection frees it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    assert gc.get_threshold() == before


def test_cycles_are_looked_for_seldom_and_still_found() -> None:
    with seldom_collected():
        looks = sum(generation["collections"] for generation in gc.get_stats())
        kept = [[number] for number in range(YOUNG_OBJECTS // 2)]
        assert sum(generation["collections"] for generation in gc.get_stats()) == looks
        lost = weakref.ref(Link())
        kept += [[number] for number in range(2 * YOUNG_OBJECTS)]
        assert lost() is None
    assert kept


def test_what_is_set_in_a_block_ends_with_it_also_by_an_error() -> None:
    def fail() -> None:
        with seldom_collected():
            assert gc.get_freeze_count()
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert not gc.get_freeze_count()
