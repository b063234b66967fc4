"""What can be asked about, and which of an account's events answers it.

A question names a kind and an id: `line` the invoice's id and the place of the line, from 0, as in
`<id>.0`; `fee` the invoice of the fee or the one that was paid late; `credit` a use of credit or
what brought it; `service` a service, for its state as it is now; `invoice` and `credit_note` the
document; `notice`, `change` and `event` the public event itself.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from shared.contracts import PublicEvent, billing
from shared.envelope import Envelope
from shared.errors import Invalid, NotFound


class Kind(StrEnum):
    """What a question is about."""

    LINE = "line"
    FEE = "fee"
    NOTICE = "notice"
    CHANGE = "change"
    SERVICE = "service"
    CREDIT = "credit"
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    EVENT = "event"


class QuestionMalformed(Invalid):
    """The id does not fit the kind of the question."""


NOTICES = (billing.PaymentReminderDue, billing.InvoiceOverdue, billing.SuspensionWarned)
STATES = (
    billing.ServiceOrdered,
    billing.ServiceActivated,
    billing.ServiceRenewed,
    billing.ServiceSuspended,
    billing.ServiceUnsuspended,
    billing.ServiceTerminated,
    billing.ServiceEnded,
    billing.ServiceTransferred,
    billing.ServiceCancelled,
    billing.ServiceChanged,
)
WISHES = (
    billing.ServiceCancellationRequested,
    billing.ServiceCancellationWithdrawn,
    billing.ServiceChangeScheduled,
    billing.ServiceChangeWithdrawn,
)
CREDIT = (
    billing.CreditAdded,
    billing.CreditGiven,
    billing.CreditApplied,
    billing.CreditReleased,
    billing.CreditWithdrawn,
)
_OF_EVENT: dict[Kind, tuple[type[PublicEvent], ...]] = {
    Kind.NOTICE: NOTICES,
    Kind.CHANGE: (*STATES, *WISHES),
    Kind.EVENT: (PublicEvent,),
}


@dataclass(frozen=True, kw_only=True)
class Question:
    """`id` is of the thing or of the event; `place`: which line of an invoice, from 0."""

    kind: Kind
    id: UUID
    place: int | None = None


@dataclass(frozen=True, kw_only=True)
class Answered:
    """The event that the answer is in; `why` is what it says of the thing, if it says anything.

    `subject`: what is written on the line, where the question is about one.
    """

    envelope: Envelope
    why: billing.Why | None
    subject: str = ""


def question_of(kind: Kind, id: str) -> Question:
    """The question of a path. `QuestionMalformed`.

    >>> question_of(Kind.LINE, "01939000-0000-7000-8000-000000000007.1").place
    1
    """
    of, dot, place = id.partition(".")
    is_line = kind is Kind.LINE
    if bool(dot) != is_line or (is_line and not (place.isascii() and place.isdigit())):
        raise QuestionMalformed(field="id")
    try:
        return Question(kind=kind, id=UUID(of), place=int(place[:6]) if is_line else None)
    except ValueError:
        raise QuestionMalformed(field="id") from None


def answered(question: Question, history: Sequence[Envelope]) -> Answered:
    """What of the account's history, oldest first, answers the question. `NotFound`."""
    match question.kind:
        case Kind.LINE:
            return _line(question, history)
        case Kind.FEE:
            return _fee(question.id, history)
        case Kind.NOTICE | Kind.CHANGE | Kind.EVENT as kind:
            found = (e for e in history if e.id == question.id)
            return _said(each for each in found if isinstance(each.event, _OF_EVENT[kind]))
        case Kind.SERVICE:
            return _said(reversed(_about(history, STATES, field="service_id", id=question.id)))
        case Kind.CREDIT:
            return _credit(question.id, history)
        case Kind.INVOICE:
            return _invoice(question.id, history)
        case Kind.CREDIT_NOTE:
            of_note = (billing.CreditNoteIssued,)
            return _said(_about(history, of_note, field="credit_note_id", id=question.id))


def why_of(event: PublicEvent) -> billing.Why | None:
    """What the event itself says of its why."""
    why: billing.Why | None = getattr(event, "why", None)
    return why


def _said(found: Iterable[Envelope]) -> Answered:
    for envelope in found:
        return Answered(envelope=envelope, why=why_of(envelope.event))
    raise NotFound()


def _about(
    history: Sequence[Envelope], types: tuple[type[PublicEvent], ...], *, field: str, id: UUID
) -> list[Envelope]:
    return [e for e in history if isinstance(e.event, types) and getattr(e.event, field) == id]


def _line(question: Question, history: Sequence[Envelope]) -> Answered:
    of_invoice = (billing.InvoiceIssued,)
    for envelope in _about(history, of_invoice, field="invoice_id", id=question.id):
        lines = envelope.event.lines if isinstance(envelope.event, billing.InvoiceIssued) else []
        for line in lines[question.place : (question.place or 0) + 1]:
            return Answered(envelope=envelope, why=line.why, subject=line.description)
    raise NotFound()


def _fee(id: UUID, history: Sequence[Envelope]) -> Answered:
    """The line of a fee, on its own invoice or on another."""
    for envelope in history:
        event = envelope.event
        if not isinstance(event, billing.InvoiceIssued):
            continue
        fees = [line for line in event.lines if line.kind in {"late_fee", "reactivation_fee"}]
        if fees and id in {event.invoice_id, event.about_invoice_id}:
            return Answered(envelope=envelope, why=fees[0].why, subject=fees[0].description)
    raise NotFound()


def _credit(id: UUID, history: Sequence[Envelope]) -> Answered:
    """A use of credit, or what its payment, credit note, gift or withdrawal brought or took."""
    names = ("application_id", "reference_id", "payment_id", "withdrawal_id")
    return _said(
        envelope
        for envelope in reversed(history)
        if isinstance(envelope.event, CREDIT)
        and (envelope.id == id or id in {getattr(envelope.event, name, None) for name in names})
    )


def _invoice(id: UUID, history: Sequence[Envelope]) -> Answered:
    """Why it is void or given up, if it is; else why it was issued, which its first line says."""
    ends = (billing.InvoiceCancelled, billing.InvoiceWrittenOff)
    if ended := _about(history, ends, field="invoice_id", id=id):
        return _said(ended)
    return _line(Question(kind=Kind.LINE, id=id, place=0), history)
