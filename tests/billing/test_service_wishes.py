"""What is asked of a service that runs: changes, cancellations, other invoices; and how it ends."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from services.billing.held_services.held_service import HeldService
from services.billing.held_services.terms import (
    Billed,
    CancellationPending,
    ChangeAlreadyBilled,
    ChangePending,
    Instead,
    NothingDue,
    RenewalUnpaid,
    ServiceNotActive,
    ServiceNotSuspended,
    whole_period,
)
from services.billing.promotions.discount import Discount
from tests.billing.samples import (
    DUE,
    INVOICE,
    NEXT,
    OTHER,
    PERIOD_END,
    TODAY,
    active_service,
    billed_service,
    cancellation,
    pending_service,
    service_change,
    service_terms,
    suspended_service,
)
from tests.given import given

LATE = DUE + timedelta(days=5)
AFTER = date(2027, 2, 21)


def changing(**changed: Any) -> HeldService:
    service = active_service()
    service.request(service_change(**changed))
    return service


def cancelled() -> HeldService:
    service = active_service()
    service.request(cancellation())
    return service


def test_a_service_that_runs_can_be_cancelled_once() -> None:
    wish = cancellation()
    service = (
        given(active_service())
        .when(lambda s: s.request(wish))
        .then((HeldService.CancellationRequested, {"cancellation": wish, "why": None}))
    )
    assert service.cancellation == wish
    given(suspended_service()).when(lambda s: s.request(wish)).then(
        (HeldService.CancellationRequested, {"cancellation": wish, "why": None})
    )
    given(cancelled()).when(lambda s: s.request(wish)).then_refused(CancellationPending)
    given(pending_service()).when(lambda s: s.request(wish)).then_refused(ServiceNotActive)


def test_a_cancellation_can_be_taken_back_once() -> None:
    service = (
        given(cancelled())
        .when(lambda s: s.drop(OTHER))
        .then((HeldService.CancellationWithdrawn, {"why": None}))
    )
    assert service.cancellation is None
    service.drop(OTHER)
    assert len(service.pending_events) == 1


def test_a_change_is_noted_until_it_is_made() -> None:
    change = service_change()
    service = (
        given(active_service())
        .when(lambda s: s.request(change))
        .then((HeldService.ChangeScheduled, {"change": change, "why": None}))
    )
    assert service.terms == service_terms()
    assert service.next_terms == change.terms


@pytest.mark.parametrize(
    ("service", "refusal"),
    [
        (pending_service(), ServiceNotActive),
        (suspended_service(), ServiceNotActive),
        (billed_service(), RenewalUnpaid),
        (changing(), ChangePending),
        (cancelled(), CancellationPending),
    ],
)
def test_a_change_waits_for_whatever_else_is_open(
    service: HeldService, refusal: type[Exception]
) -> None:
    given(service).when(lambda s: s.request(service_change(id=NEXT))).then_refused(refusal)


def test_a_change_that_the_panel_made_holds_from_then_on() -> None:
    change = service_change()
    service = (
        given(changing())
        .when(lambda s: s.change(OTHER, today=DUE))
        .then(
            (
                HeldService.Changed,
                {"change": change, "changed_on": DUE, "next_due_on": DUE, "why": None},
            )
        )
    )
    assert (service.terms, service.pending_change) == (change.terms, None)
    assert service.next_due_on == DUE
    service.change(OTHER, today=LATE)
    assert len(service.pending_events) == 1
    given(changing()).when(lambda s: s.change(NEXT, today=LATE)).then_nothing()


def test_a_change_within_the_period_leaves_the_due_date_and_another_cycle_moves_it() -> None:
    year = whole_period(TODAY, date(2027, 11, 21), price_minor=29900, on=INVOICE)
    service = changing(
        effective="now",
        terms=service_terms(cycle="annual", recurring_minor=29900),
        charged=[year],
        next_due_on=date(2027, 11, 21),
        anchor_day=21,
    )
    service.change(OTHER, today=TODAY)
    assert (service.next_due_on, service.charged) == (date(2027, 11, 21), (year,))


def test_what_becomes_free_falls_due_no_more() -> None:
    service = changing(terms=service_terms(cycle="free", recurring_minor=0))
    service.change(OTHER, today=DUE)
    assert (service.next_due_on, service.charged) == (None, ())
    given(service).when(
        lambda s: s.invoice_renewal(invoice_id=NEXT, period_end=PERIOD_END, due_on=DUE)
    ).then_refused(NothingDue)


def test_a_change_that_was_asked_for_can_be_taken_back() -> None:
    withdrawn = (HeldService.ChangeWithdrawn, {"change_id": OTHER, "why": None})
    given(changing()).when(lambda s: s.drop(OTHER)).then(withdrawn)
    billed = changing(effective="now", invoice_id=INVOICE)
    after = given(billed).when(lambda s: s.drop(INVOICE)).then(withdrawn)
    assert after.pending_change is None


def test_a_change_whose_period_is_invoiced_stays() -> None:
    service = changing()
    service.invoice_renewal(invoice_id=INVOICE, period_end=PERIOD_END, due_on=DUE)
    given(service).when(lambda s: s.drop(OTHER)).then_refused(ChangeAlreadyBilled)
    service.drop(INVOICE)
    given(service).when(lambda s: s.drop(OTHER)).then(
        (HeldService.ChangeWithdrawn, {"change_id": OTHER, "why": None})
    )


def test_the_next_period_is_invoiced_at_the_price_of_a_scheduled_change() -> None:
    service = changing()
    service.invoice_renewal(invoice_id=INVOICE, period_end=PERIOD_END, due_on=DUE)
    assert service.unpaid[INVOICE].charged[0].charged_minor == 4990


def test_no_period_is_invoiced_while_a_change_within_the_last_one_is_open() -> None:
    given(changing(effective="now", invoice_id=NEXT)).when(
        lambda s: s.invoice_renewal(invoice_id=INVOICE, period_end=PERIOD_END, due_on=DUE)
    ).then_refused(ChangePending)


def test_several_open_renewals_follow_one_another_where_that_is_allowed() -> None:
    service = billed_service()
    start = service.invoice_renewal(
        invoice_id=OTHER, period_end=AFTER, due_on=PERIOD_END, most_unpaid=1
    )
    assert (start, service.billed_until) == (PERIOD_END, AFTER)
    service.renew(OTHER, today=TODAY)
    service.renew(INVOICE, today=TODAY)
    assert service.next_due_on == AFTER


def test_discounts_count_the_periods_that_are_invoiced_and_none_that_was_void() -> None:
    thrice = Discount(
        promotion_id=OTHER, code="THREE", kind="percent", rate_percent=Decimal(10), periods_left=2
    )
    service = HeldService.order(
        id=INVOICE,
        account_id=OTHER,
        brand="ponto",
        order_id=OTHER,
        terms=service_terms(discounts=[thrice]),
    )
    service.activate(today=TODAY, next_due_on=DUE)
    assert service.terms.price_minor == 2691
    left = [replace(thrice, periods_left=1)]
    service.invoice_renewal(
        invoice_id=NEXT, period_end=PERIOD_END, due_on=DUE, billed=Billed(discounts=left)
    )
    assert service.terms.discounts == left
    service.drop(NEXT)
    assert service.terms.discounts == [thrice]


def test_the_time_that_was_paid_for_is_kept_until_it_is_over() -> None:
    service = billed_service()
    service.renew(INVOICE, today=TODAY)
    first, second = service.charged
    assert (first.period_end, second.period_start, second.invoice_id) == (DUE, DUE, INVOICE)
    service.invoice_renewal(invoice_id=OTHER, period_end=AFTER, due_on=PERIOD_END)
    service.renew(OTHER, today=PERIOD_END)
    assert [time.period_end for time in service.charged] == [AFTER]


def test_another_invoice_may_stand_for_the_one_of_a_renewal_or_a_change() -> None:
    instead = Instead(invoice_id=NEXT, due_on=LATE)
    moved = {"invoice_id": INVOICE, "to_invoice_id": NEXT, "due_on": LATE}
    service = (
        given(billed_service())
        .when(lambda s: s.drop(INVOICE, instead=instead))
        .then((HeldService.RenewalMoved, moved))
    )
    assert service.unpaid[NEXT].due_on == LATE
    change = service_change(effective="now", invoice_id=INVOICE)
    given(changing(effective="now", invoice_id=INVOICE)).when(
        lambda s: s.drop(INVOICE, instead=instead)
    ).then((HeldService.ChangeScheduled, {"change": replace(change, invoice_id=NEXT), "why": None}))


def test_what_the_panel_was_asked_for_is_asked_back_by_a_change_in_its_place() -> None:
    undo = service_change(id=NEXT, kind="undo", effective="now", terms=service_terms())
    service = (
        given(changing(effective="now", invoice_id=INVOICE))
        .when(lambda s: s.drop(INVOICE, instead=undo))
        .then(
            (HeldService.ChangeWithdrawn, {"change_id": OTHER, "why": None}),
            (HeldService.ChangeScheduled, {"change": undo, "why": None}),
        )
    )
    assert service.pending_change == undo
    before = (service.terms, service.charged, service.next_due_on, service.anchor_day)
    service.change(NEXT, today=TODAY)
    assert (service.terms, service.charged, service.next_due_on, service.anchor_day) == before
    assert service.pending_change is None


def test_a_service_that_is_stopped_for_debt_may_be_stopped_for_a_graver_reason() -> None:
    suspended = {"reason": "abuse", "suspended_on": LATE, "why": None}
    service = (
        given(suspended_service())
        .when(lambda s: s.suspend(reason="abuse", today=LATE))
        .then((HeldService.Suspended, suspended))
    )
    with pytest.raises(ServiceNotActive):
        service.suspend(reason="overdue", today=LATE)


@pytest.mark.parametrize("reason", ["cancellation", "fixed_term", "parent_ended"])
def test_a_service_comes_to_its_regular_end(reason: str) -> None:
    ended = {"ended_on": DUE, "reason": reason, "successor_id": None, "why": None}
    service = (
        given(active_service())
        .when(lambda s: s.terminate(DUE, reason=reason))
        .then((HeldService.Ended, ended))
    )
    assert (service.status, service.has_ended) == ("cancelled", True)


def test_staff_may_delete_what_runs_but_debt_alone_may_not() -> None:
    terminated = {"terminated_on": LATE, "reason": "abuse", "why": None}
    given(active_service()).when(lambda s: s.terminate(LATE, reason="abuse")).then(
        (HeldService.Terminated, terminated)
    )
    given(active_service()).when(lambda s: s.terminate(LATE)).then_refused(ServiceNotSuspended)


def test_what_is_paid_once_is_active_without_a_due_date() -> None:
    service = pending_service()
    service.activate(today=TODAY, next_due_on=None)
    assert (service.status, service.next_due_on, service.billed_until) == ("active", None, None)
    assert service.charged == ()


def test_a_transferred_service_remembers_what_it_was_before() -> None:
    service = HeldService.order(
        id=NEXT,
        account_id=OTHER,
        brand="ponto",
        order_id=OTHER,
        terms=service_terms(),
        transferred_from=INVOICE,
    )
    (ordered,) = service.pending_events
    assert isinstance(ordered, HeldService.Ordered)
    assert ordered.transferred_from == UUID(int=INVOICE.int)
