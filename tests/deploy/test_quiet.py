"""Quiet: what counts as still on its way, and what waits for a person."""

from typing import Any

import pytest

from deploy.local.quiet import unrest_of


def status(**changes: Any) -> dict[str, Any]:
    """The status of a service that has nothing to do."""
    return {
        "service": "billing",
        "unpublished": 0,
        "consumers": [{"name": "mailer", "kind": "reactor", "lag": 0, "parked": 0}],
        "effects": {"pending": 0, "parked": 0},
        "business": {"running": False},
    } | changes


def test_a_service_that_has_nothing_to_do_is_quiet() -> None:
    assert unrest_of(status()) == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"unpublished": 3}, "billing: 3 events unpublished"),
        ({"consumers": [{"name": "mailer", "lag": 2}]}, "billing: mailer is 2 behind"),
        ({"consumers": [{"name": "mailer", "lag": None}]}, "billing: mailer is None behind"),
        ({"effects": {"pending": 1, "parked": 0}}, "billing: 1 effects pending"),
        ({"business": {"running": True}}, "billing: a business day runs"),
    ],
)
def test_what_is_still_on_its_way_is_named(changes: dict[str, Any], reason: str) -> None:
    assert unrest_of(status(**changes)) == [reason]


def test_what_is_parked_waits_for_a_person_and_does_not_count() -> None:
    parked = [{"name": "mailer", "kind": "reactor", "lag": 0, "parked": 1}]
    assert unrest_of(status(consumers=parked, effects={"pending": 0, "parked": 2})) == []
