"""Services: what the panel has confirmed, periods that follow one another, one unpaid renewal."""

from datetime import date, timedelta

import pytest

from services.billing.held_services.held_service import HeldService
from services.billing.held_services.terms import (
    NothingOverdue,
    Renewal,
    RenewalUnpaid,
    ServiceHasEnded,
    ServiceNotActive,
    ServiceNotPending,
    ServiceNotSuspended,
    has_overdue,
    is_suspendable,
    whole_period,
)
from tests.billing.samples import (
    DUE,
    INVOICE,
    OTHER,
    PERIOD_END,
    TODAY,
    active_service,
    billed_service,
    pending_service,
    suspended_service,
)
from tests.given import given, rebuilt

LATE = DUE + timedelta(days=5)
RENEWED = {
    "invoice_id": INVOICE,
    "period_start": DUE,
    "next_due_on": PERIOD_END,
    "renewed_on": TODAY,
    "why": None,
    "waived": False,
}
LIFTED = {
    "unsuspended_on": LATE,
    "reason": "overdue",
    "suspended_on": date(2026, 12, 26),
    "why": None,
    "grace_ends_on": None,
}
ACTIVATED = {
    "activated_on": TODAY,
    "next_due_on": DUE,
    "anchor_day": 21,
    "charged": [],
    "why": None,
    "ends_on": None,
}


def terminated_service() -> HeldService:
    service = suspended_service()
    service.terminate(LATE)
    return service


def cancelled_service() -> HeldService:
    service = pending_service()
    service.cancel(today=TODAY, reason="client")
    return service


def test_an_ordered_service_waits_for_its_payment() -> None:
    service = rebuilt(pending_service())
    assert (service.status, service.next_due_on, service.has_ended) == ("pending", None, False)


def test_a_service_becomes_active_when_the_panel_has_made_it() -> None:
    service = (
        given(pending_service())
        .when(lambda s: s.activate(today=TODAY, next_due_on=DUE))
        .then((HeldService.Activated, ACTIVATED))
    )
    assert (service.status, service.anchor_day, service.next_due_on) == ("active", 21, DUE)


@pytest.mark.parametrize("service", [active_service(), suspended_service(), cancelled_service()])
def test_only_a_pending_service_can_be_activated_or_cancelled(service: HeldService) -> None:
    given(service).when(lambda s: s.activate(today=TODAY, next_due_on=DUE)).then_refused(
        ServiceNotPending
    )
    given(service).when(lambda s: s.cancel(today=TODAY, reason="client")).then_refused(
        ServiceNotPending
    )


def test_an_empty_first_period_is_a_programming_error() -> None:
    with pytest.raises(AssertionError):
        pending_service().activate(today=TODAY, next_due_on=TODAY)


def test_the_next_period_begins_where_the_last_one_ends() -> None:
    invoiced = {
        "invoice_id": INVOICE,
        "period_start": DUE,
        "period_end": PERIOD_END,
        "due_on": DUE,
        "charged": [],
        "discounts": [],
    }
    service = (
        given(active_service())
        .when(lambda s: s.invoice_renewal(invoice_id=INVOICE, period_end=PERIOD_END, due_on=DUE))
        .then((HeldService.RenewalInvoiced, invoiced))
    )
    whole = whole_period(DUE, PERIOD_END, price_minor=2990, on=INVOICE)
    expected = Renewal(period_start=DUE, period_end=PERIOD_END, due_on=DUE, charged=[whole])
    assert service.unpaid == {INVOICE: expected}


def test_a_service_with_an_unpaid_renewal_is_not_billed_again() -> None:
    given(billed_service()).when(
        lambda s: s.invoice_renewal(invoice_id=OTHER, period_end=PERIOD_END, due_on=DUE)
    ).then_refused(RenewalUnpaid)


@pytest.mark.parametrize("service", [pending_service(), suspended_service()])
def test_a_service_that_does_not_run_is_not_billed(service: HeldService) -> None:
    given(service).when(
        lambda s: s.invoice_renewal(invoice_id=OTHER, period_end=PERIOD_END, due_on=DUE)
    ).then_refused(ServiceNotActive)


def test_an_empty_next_period_is_a_programming_error() -> None:
    with pytest.raises(AssertionError):
        active_service().invoice_renewal(invoice_id=INVOICE, period_end=DUE, due_on=DUE)


def test_a_void_renewal_is_forgotten_once() -> None:
    service = (
        given(billed_service())
        .when(lambda s: s.drop(INVOICE))
        .then((HeldService.RenewalDropped, {"invoice_id": INVOICE}))
    )
    assert service.unpaid == {}
    given(active_service()).when(lambda s: s.drop(INVOICE)).then_nothing()


def test_a_paid_renewal_moves_the_next_due_date() -> None:
    service = (
        given(billed_service())
        .when(lambda s: s.renew(INVOICE, today=TODAY))
        .then((HeldService.Renewed, RENEWED))
    )
    assert (service.next_due_on, service.unpaid) == (PERIOD_END, {})


def test_a_suspended_service_is_renewed_for_the_period_that_was_due() -> None:
    given(suspended_service()).when(lambda s: s.renew(INVOICE, today=TODAY)).then(
        (HeldService.Renewed, RENEWED)
    )


def test_renewing_twice_renews_once() -> None:
    service = billed_service()
    service.renew(INVOICE, today=TODAY)
    given(service).when(lambda s: s.renew(INVOICE, today=TODAY)).then_nothing()


@pytest.mark.parametrize("service", [terminated_service(), cancelled_service()])
def test_a_service_that_has_ended_is_not_renewed(service: HeldService) -> None:
    assert service.has_ended
    given(service).when(lambda s: s.renew(INVOICE, today=TODAY)).then_refused(ServiceHasEnded)


def test_a_service_is_suspendable_for_an_unpaid_invoice_past_its_due_date() -> None:
    service = billed_service()
    unpaid = service.unpaid
    assert not is_suspendable("active", unpaid, invoice_id=INVOICE, today=DUE)
    assert is_suspendable("active", unpaid, invoice_id=INVOICE, today=DUE + timedelta(days=1))
    assert not is_suspendable("active", unpaid, invoice_id=OTHER, today=LATE)
    assert not is_suspendable("suspended", unpaid, invoice_id=INVOICE, today=LATE)
    assert has_overdue(service.unpaid, LATE)
    assert not has_overdue(service.unpaid, DUE)


def test_a_warning_names_the_invoice_and_the_day() -> None:
    warned = {
        "invoice_id": INVOICE,
        "invoice_number": "PON-2026-000001",
        "suspends_on": LATE,
        "why": None,
    }
    given(billed_service()).when(
        lambda s: s.warn_of_suspension(
            invoice_id=INVOICE,
            invoice_number="PON-2026-000001",
            today=DUE + timedelta(days=3),
            suspends_on=LATE,
        )
    ).then((HeldService.SuspensionWarned, warned))


@pytest.mark.parametrize("service", [active_service(), suspended_service()])
def test_nobody_is_warned_without_a_reason(service: HeldService) -> None:
    given(service).when(
        lambda s: s.warn_of_suspension(
            invoice_id=INVOICE, invoice_number="1", today=LATE, suspends_on=LATE
        )
    ).then_refused(NothingOverdue)


def test_a_warning_after_the_suspension_is_a_programming_error() -> None:
    with pytest.raises(AssertionError):
        billed_service().warn_of_suspension(
            invoice_id=INVOICE, invoice_number="1", today=LATE, suspends_on=DUE
        )


def test_a_service_is_suspended_when_the_panel_has_stopped_it() -> None:
    service = (
        given(billed_service())
        .when(lambda s: s.suspend(reason="overdue", today=LATE))
        .then((HeldService.Suspended, {"reason": "overdue", "suspended_on": LATE, "why": None}))
    )
    assert (service.status, service.suspension_reason, service.suspended_on) == (
        "suspended",
        "overdue",
        LATE,
    )


def test_a_service_runs_again_when_the_panel_has_said_so() -> None:
    service = (
        given(suspended_service())
        .when(lambda s: s.unsuspend(LATE))
        .then((HeldService.Unsuspended, LIFTED))
    )
    assert (service.status, service.suspension_reason, service.suspended_on) == (
        "active",
        "",
        None,
    )


def test_what_staff_lets_run_in_debt_has_a_grace_until_it_is_stopped_again() -> None:
    service = suspended_service()
    service.unsuspend(LATE, until=PERIOD_END)
    assert service.grace_ends_on == PERIOD_END
    service.suspend(reason="abuse", today=LATE)
    assert rebuilt(service).grace_ends_on is None


def test_a_service_has_ended_when_the_panel_has_deleted_it() -> None:
    service = (
        given(suspended_service())
        .when(lambda s: s.terminate(LATE))
        .then((HeldService.Terminated, {"terminated_on": LATE, "reason": "overdue", "why": None}))
    )
    assert (service.status, service.has_ended) == ("terminated", True)


def test_a_pending_service_can_be_given_up() -> None:
    service = (
        given(pending_service())
        .when(lambda s: s.cancel(today=TODAY, reason="unpaid"))
        .then((HeldService.Cancelled, {"cancelled_on": TODAY, "reason": "unpaid", "why": None}))
    )
    assert (service.status, service.has_ended) == ("cancelled", True)


def test_what_does_not_run_is_not_suspended_and_what_runs_is_not_lifted_or_deleted() -> None:
    given(pending_service()).when(lambda s: s.suspend(reason="overdue", today=LATE)).then_refused(
        ServiceNotActive
    )
    given(active_service()).when(lambda s: s.unsuspend(LATE)).then_refused(ServiceNotSuspended)
    given(active_service()).when(lambda s: s.terminate(LATE)).then_refused(ServiceNotSuspended)


def test_the_anchor_is_the_day_of_the_activation() -> None:
    service = pending_service()
    service.activate(today=date(2026, 1, 31), next_due_on=date(2026, 2, 28))
    assert rebuilt(service).anchor_day == 31
