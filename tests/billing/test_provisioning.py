"""Requests to the panel: one at a time, answered once, and contrary wishes end right."""

from collections.abc import Callable
from uuid import UUID

import pytest

from services.billing.provisioning.provisioning import (
    POSSIBLE_IN,
    STATE_AFTER,
    Goal,
    Provisioning,
    ProvisioningRequestUnknown,
    Request,
)
from tests.billing.samples import (
    NEXT,
    OTHER,
    REQUEST,
    SERVICE,
    prepared_provisioning,
    provisioning_with,
    running_provisioning,
)
from tests.given import given, rebuilt

LAST = UUID(int=100)
FIRST = UUID(int=500)
GOAL = Goal(plan="plan_start")
NOTHING_MORE = {"goal": GOAL, "why": None, "grace_ends_on": None}


def asked(action: str, request_id: UUID = REQUEST, reason: str = "") -> object:
    fields = {"request_id": request_id, "action": action, "reason": reason}
    return (Provisioning.Requested, {**fields, **NOTHING_MORE})


def test_a_service_is_at_most_prepared_before_it_is_asked_for() -> None:
    provisioning = rebuilt(prepared_provisioning())
    assert (provisioning.state, provisioning.in_flight) == ("absent", None)
    assert provisioning.id == Provisioning.id_of(SERVICE)


def test_the_panel_is_asked_to_create_and_nothing_has_happened_yet() -> None:
    provisioning = (
        given(prepared_provisioning())
        .when(lambda p: p.request(request_id=REQUEST, action="create"))
        .then(asked("create"))  # type: ignore[arg-type]
    )
    assert provisioning.state == "absent"
    assert provisioning.in_flight == Request(id=REQUEST, action="create", reason="", goal=GOAL)


def test_asking_twice_for_the_same_asks_once() -> None:
    provisioning = prepared_provisioning()
    provisioning.request(request_id=REQUEST, action="create")
    given(provisioning).when(lambda p: p.request(request_id=OTHER, action="create")).then_nothing()


@pytest.mark.parametrize("action", ["create", "unsuspend"])
def test_what_is_so_already_is_not_asked_for(action: str) -> None:
    given(running_provisioning()).when(
        lambda p: p.request(request_id=OTHER, action=action)
    ).then_nothing()


def test_what_cannot_be_is_not_asked_for() -> None:
    given(prepared_provisioning()).when(
        lambda p: p.request(request_id=OTHER, action="suspend")
    ).then_nothing()


def test_a_confirmed_request_is_what_the_panel_did() -> None:
    provisioning = prepared_provisioning()
    provisioning.request(request_id=REQUEST, action="create")
    done: list[Request | None] = []
    after = (
        given(provisioning)
        .when(lambda p: done.append(p.confirm(request_id=REQUEST, next_request_id=NEXT)))
        .then((Provisioning.Confirmed, {"request_id": REQUEST, "action": "create"}))
    )
    assert done == [Request(id=REQUEST, action="create", reason="", goal=GOAL)]
    assert (after.state, after.in_flight) == ("running", None)


def test_a_repeated_answer_changes_nothing() -> None:
    done: list[Request | None] = []
    given(running_provisioning()).when(
        lambda p: done.append(p.confirm(request_id=REQUEST, next_request_id=NEXT))
    ).then_nothing()
    assert done == [None]
    given(running_provisioning()).when(
        lambda p: p.refuse(request_id=REQUEST, reason="x", next_request_id=NEXT)
    ).then_nothing()


@pytest.mark.parametrize("provisioning", [running_provisioning(), provisioning_with("suspend")])
def test_an_answer_to_a_request_that_was_never_made_is_refused(
    provisioning: Provisioning,
) -> None:
    given(provisioning).when(
        lambda p: p.confirm(request_id=OTHER, next_request_id=NEXT)
    ).then_refused(ProvisioningRequestUnknown)
    given(provisioning).when(
        lambda p: p.refuse(request_id=OTHER, reason="x", next_request_id=NEXT)
    ).then_refused(ProvisioningRequestUnknown)


def test_a_refused_request_leaves_things_as_they_are_and_may_be_made_again() -> None:
    provisioning = prepared_provisioning()
    provisioning.request(request_id=REQUEST, action="create")
    refused = {"request_id": REQUEST, "action": "create", "reason": "domain_taken"}
    after = (
        given(provisioning)
        .when(lambda p: p.refuse(request_id=REQUEST, reason="domain_taken", next_request_id=NEXT))
        .then((Provisioning.Refused, refused))
    )
    assert (after.state, after.in_flight) == ("absent", None)
    after.request(request_id=OTHER, action="create")
    assert after.in_flight == Request(id=OTHER, action="create", reason="", goal=GOAL)


def test_a_payment_between_request_and_confirmation_of_a_suspension_is_noted() -> None:
    given(provisioning_with("suspend")).when(
        lambda p: p.request(request_id=OTHER, action="unsuspend")
    ).then((Provisioning.Planned, {"action": "unsuspend", "reason": "", **NOTHING_MORE}))


def lift_noted() -> Provisioning:
    provisioning = provisioning_with("suspend")
    provisioning.request(request_id=OTHER, action="unsuspend")
    return provisioning


def test_the_noted_lift_is_asked_for_as_soon_as_the_suspension_is_confirmed() -> None:
    after = (
        given(lift_noted())
        .when(lambda p: p.confirm(request_id=LAST, next_request_id=NEXT))
        .then(
            (Provisioning.Confirmed, {"request_id": LAST, "action": "suspend"}),
            asked("unsuspend", NEXT),  # type: ignore[arg-type]
        )
    )
    after.confirm(request_id=NEXT, next_request_id=OTHER)
    assert (after.state, after.in_flight, after.planned) == ("running", None, None)


def test_the_noted_lift_is_dropped_when_the_suspension_is_refused() -> None:
    refused = {"request_id": LAST, "action": "suspend", "reason": "busy"}
    after = (
        given(lift_noted())
        .when(lambda p: p.refuse(request_id=LAST, reason="busy", next_request_id=NEXT))
        .then((Provisioning.Refused, refused), (Provisioning.PlanDropped, {}))
    )
    assert (after.state, after.in_flight) == ("running", None)


def test_noting_the_same_twice_notes_it_once() -> None:
    given(lift_noted()).when(
        lambda p: p.request(request_id=OTHER, action="unsuspend")
    ).then_nothing()


def test_a_suspension_that_is_wanted_again_stays() -> None:
    after = (
        given(lift_noted())
        .when(lambda p: p.request(request_id=OTHER, action="suspend", reason="overdue"))
        .then((Provisioning.PlanDropped, {}))
    )
    after.confirm(request_id=LAST, next_request_id=NEXT)
    assert (after.state, after.in_flight) == ("suspended", None)


def test_a_payment_during_a_refused_termination_lifts_the_suspension() -> None:
    provisioning = provisioning_with("suspend", "terminate")
    provisioning.request(request_id=OTHER, action="unsuspend")
    last = UUID(int=101)
    given(provisioning).when(
        lambda p: p.refuse(request_id=last, reason="busy", next_request_id=NEXT)
    ).then(
        (
            Provisioning.Refused,
            {"request_id": last, "action": "terminate", "reason": "busy"},
        ),
        asked("unsuspend", NEXT),  # type: ignore[arg-type]
    )


def test_a_payment_during_a_confirmed_termination_comes_too_late() -> None:
    provisioning = provisioning_with("suspend", "terminate")
    provisioning.request(request_id=OTHER, action="unsuspend")
    last = UUID(int=101)
    after = (
        given(provisioning)
        .when(lambda p: p.confirm(request_id=last, next_request_id=NEXT))
        .then(
            (Provisioning.Confirmed, {"request_id": last, "action": "terminate"}),
            (Provisioning.PlanDropped, {}),
        )
    )
    assert after.state == "gone"


def test_a_wish_that_no_answer_can_make_possible_is_not_noted() -> None:
    provisioning = prepared_provisioning()
    provisioning.request(request_id=REQUEST, action="create")
    given(provisioning).when(
        lambda p: p.request(request_id=OTHER, action="unsuspend")
    ).then_nothing()


@pytest.mark.parametrize("first", STATE_AFTER)
@pytest.mark.parametrize("second", STATE_AFTER)
@pytest.mark.parametrize("is_done", [True, False])
def test_every_pair_of_wishes_ends_in_the_last_one_that_is_possible(
    first: str, second: str, is_done: bool
) -> None:
    """The whole table: from each state where the first is possible, confirmed or refused."""
    starts: dict[str, Callable[[], Provisioning]] = {
        "absent": prepared_provisioning,
        "running": running_provisioning,
        "suspended": lambda: _confirmed(provisioning_with("suspend")),
    }
    for state in POSSIBLE_IN[first]:
        provisioning = rebuilt(starts[state]())
        provisioning.request(request_id=FIRST, action=first)
        provisioning.request(request_id=OTHER, action=second)
        _answer(provisioning, is_done=is_done)
        between = STATE_AFTER.get(first, state) if is_done else state
        if second != first and between in POSSIBLE_IN[second]:
            assert provisioning.in_flight == Request(id=NEXT, action=second, reason="", goal=GOAL)
        else:
            assert provisioning.in_flight is None
        assert provisioning.state == between
        assert provisioning.planned is None


def _confirmed(provisioning: Provisioning) -> Provisioning:
    assert provisioning.in_flight
    provisioning.confirm(request_id=provisioning.in_flight.id, next_request_id=UUID(int=400))
    return provisioning


def _answer(provisioning: Provisioning, *, is_done: bool) -> None:
    if is_done:
        provisioning.confirm(request_id=FIRST, next_request_id=NEXT)
    else:
        provisioning.refuse(request_id=FIRST, reason="busy", next_request_id=NEXT)
