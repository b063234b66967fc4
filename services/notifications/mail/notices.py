"""What to tell whom: from a public event to the notice that it calls for. Pure.

A notice carries no personal data: it is kept in the reactor's effects until the mail is sent, and
whom it goes to and what it quotes is looked up then. Its key is the notice's natural name: a second
event that calls for the same notice sends nothing.
"""

from datetime import date, datetime
from typing import TypeAlias
from uuid import UUID

import msgspec

from shared.contracts.accounts import (
    AccountNumberAssigned,
    EmailConfirmationRequested,
    PasswordChanged,
    PasswordResetRequested,
    RegistrationRepeated,
)
from shared.contracts.billing import (
    BoletoIssued,
    BoletoReissued,
    CreditNoteIssued,
    InvoiceIssued,
    InvoiceOverdue,
    PaymentConfirmationWanted,
    PaymentFailed,
    PaymentMethodExpiring,
    PaymentReceived,
    PaymentReminderDue,
    ServiceActivated,
    ServiceEnded,
    ServiceSuspended,
    ServiceTerminated,
    ServiceUnsuspended,
    SuspensionWarned,
)
from shared.contracts.event import PublicEvent
from shared.contracts.tickets import TicketOpened, TicketReplied
from shared.envelope import Envelope

HANDLED: frozenset[type[PublicEvent]] = frozenset(
    {
        AccountNumberAssigned,
        BoletoIssued,
        BoletoReissued,
        CreditNoteIssued,
        EmailConfirmationRequested,
        InvoiceIssued,
        InvoiceOverdue,
        PasswordChanged,
        PasswordResetRequested,
        PaymentConfirmationWanted,
        PaymentFailed,
        PaymentMethodExpiring,
        PaymentReceived,
        PaymentReminderDue,
        RegistrationRepeated,
        ServiceActivated,
        ServiceEnded,
        ServiceSuspended,
        ServiceTerminated,
        ServiceUnsuspended,
        SuspensionWarned,
        TicketOpened,
        TicketReplied,
    }
)
"""The events that a notice may follow from."""

QUIET_ENDS = frozenset({"boleto_withdrawn", "paid_in_part"})
"""Attempts that end so did not go wrong: the client took it back, or paid a part of it."""


class Notice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One mail to be sent. The ids say what it is about; `link` is the kind of one-time link in it.

    A mail about a person's sign-in (`user_id`) goes to that user's own address, any other to the
    account's contact.
    """

    template: str
    key: str
    user_id: UUID | None = None
    invoice_id: UUID | None = None
    service_id: UUID | None = None
    ticket_id: UUID | None = None
    message_id: UUID | None = None
    link: str | None = None
    number: str | None = None
    method: str | None = None
    reason: str | None = None
    amount_minor: int | None = None
    returned_minor: int | None = None
    currency: str | None = None
    day: date | None = None
    days: int | None = None
    at: datetime | None = None


def notice_of(envelope: Envelope) -> Notice | None:
    """The notice that the event calls for, or None.

    Events of no account (those of staff) call for none: there is no address to write to.
    """
    if envelope.account_id is None:
        return None
    return (
        _of_person(envelope)
        or _of_invoice(envelope.event)
        or _of_boleto(envelope.event)
        or _of_credit_note(envelope.event)
        or _of_saved_method(envelope.event)
        or _of_service(envelope)
        or _of_ticket(envelope)
    )


def _of_person(envelope: Envelope) -> Notice | None:
    match envelope.event:
        case AccountNumberAssigned() as event:
            return Notice(
                template="welcome", key=f"welcome/{envelope.account_id}", number=event.number
            )
        case EmailConfirmationRequested() as event:
            kind = "email_confirmation"
            return _of_user(event, envelope, template=kind, link=kind)
        case PasswordResetRequested() as event:
            kind = "password_reset"
            return _of_user(event, envelope, template=kind, link=kind)
        case PasswordChanged() as event:
            return _of_user(event, envelope, template="password_changed")
        case RegistrationRepeated() as event:
            day = envelope.occurred_at.date()
            return Notice(
                template="registration_repeated",
                key=f"registration_repeated/{event.user_id}/{day}",
                user_id=event.user_id,
            )
    return None


_OfUser: TypeAlias = EmailConfirmationRequested | PasswordResetRequested | PasswordChanged


def _of_user(
    event: _OfUser, envelope: Envelope, *, template: str, link: str | None = None
) -> Notice:
    return Notice(
        template=template,
        key=f"{template}/{envelope.id}",
        user_id=event.user_id,
        link=link,
        at=envelope.occurred_at,
    )


def _of_invoice(event: PublicEvent) -> Notice | None:
    match event:
        case InvoiceIssued():
            return Notice(
                template="invoice_issued",
                key=f"invoice_issued/{event.invoice_id}",
                invoice_id=event.invoice_id,
            )
        case PaymentReminderDue():
            return Notice(
                template="payment_reminder",
                key=f"reminder/{event.invoice_id}/{event.days_before}",
                invoice_id=event.invoice_id,
                amount_minor=event.open_minor,
                currency=event.currency,
                days=event.days_before,
            )
        case InvoiceOverdue():
            return Notice(
                template="invoice_overdue",
                key=f"overdue/{event.invoice_id}/{event.days_after}",
                invoice_id=event.invoice_id,
                amount_minor=event.open_minor,
                currency=event.currency,
                days=event.days_after,
            )
        case PaymentReceived():
            return Notice(
                template="payment_receipt",
                key=f"payment_receipt/{event.payment_id}",
                invoice_id=_invoice_of(event),
                number=event.receipt_number,
                method=event.method,
                amount_minor=event.amount_minor,
                currency=event.currency,
                day=event.received_on,
            )
        case PaymentFailed() if event.purpose == "invoice" and event.reason not in QUIET_ENDS:
            return Notice(
                template="payment_failed",
                key=f"payment_failed/{event.payment_id}",
                invoice_id=event.invoice_id,
                reason=event.reason,
            )
    return None


def _of_saved_method(event: PublicEvent) -> Notice | None:
    match event:
        case PaymentConfirmationWanted():
            return Notice(
                template="payment_confirmation",
                key=f"payment_confirmation/{event.payment_id}",
                invoice_id=event.invoice_id,
                amount_minor=event.amount_minor,
                currency=event.currency,
            )
        case PaymentMethodExpiring():
            return Notice(
                template="card_expiring",
                key=f"card_expiring/{event.method_id}/{event.expires_on}",
                number=event.last_four,
                day=event.expires_on,
            )
    return None


def _of_boleto(event: PublicEvent) -> Notice | None:
    match event:
        case BoletoIssued():
            return Notice(
                template="boleto",
                key=f"boleto/{event.boleto_id}/{event.due_on}",
                invoice_id=_invoice_of(event),
                number=event.line,
                amount_minor=event.amount_minor,
                currency=event.currency,
                day=event.due_on,
            )
        case BoletoReissued():
            return Notice(
                template="boleto",
                key=f"boleto/{event.boleto_id}/{event.pay_by}",
                invoice_id=_invoice_of(event),
                number=event.line,
                amount_minor=event.amount_minor,
                currency=event.currency,
                day=event.pay_by,
            )
    return None


def _invoice_of(event: BoletoIssued | BoletoReissued | PaymentReceived) -> UUID | None:
    return event.invoice_id if event.purpose == "invoice" else None


def _of_credit_note(event: PublicEvent) -> Notice | None:
    match event:
        case CreditNoteIssued():
            return Notice(
                template="credit_note",
                key=f"credit_note/{event.credit_note_id}",
                invoice_id=event.invoice_id,
                number=event.number,
                amount_minor=event.total_minor,
                returned_minor=event.returned_minor or None,
                currency=event.currency,
                day=event.issued_on,
            )
    return None


def _of_service(envelope: Envelope) -> Notice | None:
    match envelope.event:
        case SuspensionWarned() as event:
            return Notice(
                template="suspension_warning",
                key=f"suspension_warning/{event.invoice_id}/{event.service_id}/{event.suspends_on}",
                service_id=event.service_id,
                invoice_id=event.invoice_id,
                day=event.suspends_on,
            )
        case ServiceActivated() as event:
            return Notice(
                template="service_activated",
                key=f"service_activated/{event.service_id}",
                service_id=event.service_id,
                day=event.next_due_on,
            )
        case ServiceSuspended() as event:
            return Notice(
                template="service_suspended",
                key=f"service_suspended/{envelope.id}",
                service_id=event.service_id,
                reason=event.reason,
                day=event.suspended_on,
            )
        case ServiceUnsuspended() as event:
            return Notice(
                template="service_unsuspended",
                key=f"service_unsuspended/{envelope.id}",
                service_id=event.service_id,
                day=event.unsuspended_on,
            )
        case ServiceTerminated() as event:
            return Notice(
                template="service_terminated",
                key=f"service_terminated/{event.service_id}",
                service_id=event.service_id,
                day=event.terminated_on,
            )
        case ServiceEnded() as event:
            return Notice(
                template="service_terminated",
                key=f"service_terminated/{event.service_id}",
                service_id=event.service_id,
                day=event.ended_on,
            )
    return None


def _of_ticket(envelope: Envelope) -> Notice | None:
    match envelope.event:
        case TicketOpened() as event:
            return Notice(
                template="ticket_opened",
                key=f"ticket_opened/{event.ticket_id}",
                ticket_id=event.ticket_id,
                message_id=envelope.id,
            )
        case TicketReplied(side="staff") as event:
            return Notice(
                template="ticket_replied",
                key=f"ticket_replied/{envelope.id}",
                ticket_id=event.ticket_id,
                message_id=envelope.id,
            )
    return None
