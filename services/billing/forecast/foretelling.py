"""What is to come, in the words of the account's language: a pure telling of a course of events.

As in `why/sentences.py`; the blanks are fields of the event. An invoice that is yet to be issued
has no number, so it is named by its day.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from msgspec.structs import replace

from services.billing.forecast.course import Course, Foretold, Hindered
from services.billing.why.questions import why_of
from services.billing.why.sentences import GENERAL, SENTENCES, Sentence
from services.billing.why.telling import CATALOGUES, Teller, fields_of
from shared.contracts import PublicEvent, billing

TO_COME: Mapping[type[PublicEvent], tuple[str, Sentence]] = {
    billing.AutopayDue: (
        "autopay",
        Sentence("%(open_minor)s are charged to the stored card, if there is one."),
    ),
    billing.CreditApplied: ("credit_use", Sentence("%(amount_minor)s of the credit are used.")),
    billing.CreditGiven: ("credit", Sentence("%(amount_minor)s are added to the credit.")),
    billing.CreditNoteIssued: (
        "credit_note",
        Sentence("A credit note over %(total_minor)s is issued."),
    ),
    billing.InvoiceCancelled: ("invoice_void", Sentence("An invoice becomes void.")),
    billing.InvoiceIssued: (
        "invoice",
        Sentence("An invoice over %(total_minor)s is issued, due on %(due_on)s."),
    ),
    billing.InvoiceOverdue: (
        "overdue_notice",
        Sentence("We tell that %(open_minor)s are overdue since %(due_on)s."),
    ),
    billing.InvoicePaid: ("invoice_paid", Sentence("An invoice over %(total_minor)s is paid.")),
    billing.OrderCancelled: (
        "order_expiry",
        Sentence("Order %(number)s is cancelled, as it is not paid."),
    ),
    billing.PaymentReminderDue: (
        "reminder",
        Sentence("We remind of %(open_minor)s, due on %(due_on)s."),
    ),
    billing.ServiceActivated: ("activation", Sentence("A service begins.")),
    billing.ServiceCancelled: ("cancellation", Sentence("The ordered service is cancelled.")),
    billing.ServiceChangeWithdrawn: (
        "change_withdrawn",
        Sentence("The change of the service is given up."),
    ),
    billing.ServiceChanged: ("change", Sentence("The change of the service takes effect.")),
    billing.ServiceEnded: ("end", Sentence("The service ends.")),
    billing.ServiceRenewed: (
        "renewal",
        Sentence("The service is renewed; it falls due again on %(next_due_on)s."),
    ),
    billing.ServiceSuspended: ("suspension", Sentence("The service is suspended.")),
    billing.ServiceTerminated: ("termination", Sentence("The service is deleted.")),
    billing.ServiceUnsuspended: ("lift", Sentence("The service runs again.")),
    billing.SuspensionWarned: (
        "suspension_warning",
        Sentence("We warn that the service is suspended on %(suspends_on)s."),
    ),
}
"""Event -> what an entry of it is called, and what it says."""

BETWEEN: frozenset[type[PublicEvent]] = frozenset(
    {
        billing.BillableItemAdded,
        billing.BillableItemInvoiced,
        billing.BillableItemWithdrawn,
        billing.CartExpired,
        billing.CreditReleased,
        billing.InvoiceNumbered,
        billing.PromotionReleased,
        billing.ProvisioningRequested,
    }
)
"""Events of a business day that cost nobody anything, or that another entry says."""

BY_PEOPLE: frozenset[type[PublicEvent]] = frozenset(
    {
        billing.AutopayChanged,
        billing.BoletoCollected,
        billing.BoletoEnded,
        billing.BoletoIssued,
        billing.BoletoReissued,
        billing.BankEntryAllocated,
        billing.BankEntryRecorded,
        billing.BankEntryReopened,
        billing.BankEntrySetAside,
        billing.BankEntrySuggested,
        billing.BankStatementImported,
        billing.PayerForgotten,
        billing.PayerRemembered,
        billing.PaymentReversed,
        billing.PaymentTakenBack,
        billing.BrandConfigured,
        billing.BusinessDayStarted,
        billing.CardNoticesDue,
        billing.CartAdopted,
        billing.CartChanged,
        billing.CartCheckedOut,
        billing.CartOpened,
        billing.CreditAdded,
        billing.CreditWithdrawn,
        billing.DraftChanged,
        billing.DraftDiscarded,
        billing.DraftIssued,
        billing.DraftOpened,
        billing.InvoiceReopened,
        billing.InvoiceWrittenOff,
        billing.OrderPlaced,
        billing.PaymentAllocated,
        billing.PaymentConfirmationWanted,
        billing.PaymentDisputeClosed,
        billing.PaymentDisputed,
        billing.PaymentFailed,
        billing.PaymentMethodDeclined,
        billing.PaymentMethodExpiring,
        billing.PaymentMethodPreferred,
        billing.PaymentMethodRemoved,
        billing.PaymentMethodSaved,
        billing.PaymentMismatchFound,
        billing.PaymentOutcomeUnknown,
        billing.PaymentPending,
        billing.PaymentReceived,
        billing.PaymentRefunded,
        billing.PaymentSent,
        billing.PaymentStarted,
        billing.PixCodeIssued,
        billing.ProductPublished,
        billing.ProductRetired,
        billing.ProductRevisionPlanned,
        billing.ProductRevisionWithdrawn,
        billing.PromotionEnded,
        billing.PromotionPublished,
        billing.PromotionUsed,
        billing.ProvisioningFailed,
        billing.RefundDeclined,
        billing.RefundDone,
        billing.RefundFailed,
        billing.RefundOrdered,
        billing.RefundRequested,
        billing.ServiceCancellationRequested,
        billing.ServiceCancellationWithdrawn,
        billing.ServiceChangeScheduled,
        billing.ServiceOrdered,
        billing.ServiceTransferred,
        billing.DayReconciled,
        billing.ReconciliationAsked,
        billing.StaffTaskDone,
        billing.StaffTaskOpened,
    }
)
"""What somebody does, or what is of the whole brand: never of an account's days to come."""

HINDERED = Sentence("The daily run cannot do this: our staff has to look at it.")
ON_ITS_DAY = Sentence("of %(day)s")
"""An invoice to come, where a number would stand."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What happens on `day`. `reason` says why, by `why`; amounts in minor units of `currency`.

    The invoice of an entry is one that there is (`invoice_id`), or one to come (`invoice_of`, the
    day of its issue).
    """

    day: date
    what: str
    sentence: str
    reason: str = ""
    why: billing.Why | None = None
    amount_minor: int | None = None
    currency: str | None = None
    due_on: date | None = None
    service_ids: tuple[UUID, ...] = ()
    invoice_id: UUID | None = None
    invoice_of: date | None = None


def entries_of(course: Course, *, numbers: Mapping[str, str], language: str) -> list[Entry]:
    """The course in words. `numbers`: of the invoices that there are, by their ids as text."""
    words = CATALOGUES.for_language(language)
    to_come = _issued_on(course.foretold)
    named = {
        str(id): words.gettext(ON_ITS_DAY.one, day=words.day(day)) for id, day in to_come.items()
    }
    teller = Teller(words=words, numbers={**numbers, **named})
    told = [_entry(each, teller, to_come=to_come) for each in course.foretold if _is_told(each)]
    hindered = [_hindered(each, teller) for each in course.hindered]
    return sorted(told + hindered, key=lambda entry: entry.day)


def _is_told(foretold: Foretold) -> bool:
    return type(foretold.envelope.event) in TO_COME


def _issued_on(foretold: Iterable[Foretold]) -> dict[UUID, date]:
    events = [each.envelope.event for each in foretold]
    return {e.invoice_id: e.issued_on for e in events if isinstance(e, billing.InvoiceIssued)}


def _entry(foretold: Foretold, teller: Teller, *, to_come: Mapping[UUID, date]) -> Entry:
    event = foretold.envelope.event
    what, sentence = TO_COME[type(event)]
    fields = fields_of(event)
    currency = fields.get("currency", "")
    why = _why(event)
    invoice_id: UUID | None = getattr(event, "invoice_id", None)
    return Entry(
        day=foretold.day,
        what=_what(event, what),
        sentence=teller.say(sentence, fields, currency=currency) or foretold.envelope.type,
        reason=_reason(why, teller, currency=currency),
        why=_without_what_is_not(why, to_come),
        amount_minor=_amount_minor(event),
        currency=currency or None,
        due_on=getattr(event, "due_on", None),
        service_ids=_service_ids(event),
        invoice_id=None if invoice_id in to_come else invoice_id,
        invoice_of=to_come.get(invoice_id) if invoice_id else None,
    )


def _what(event: PublicEvent, what: str) -> str:
    """A fee is called so, though it is an invoice as well."""
    if isinstance(event, billing.InvoiceIssued):
        fees = [line.kind for line in event.lines if line.kind in {"late_fee", "reactivation_fee"}]
        return fees[0] if fees and len(fees) == len(event.lines) else what
    return what


def _why(event: PublicEvent) -> billing.Why | None:
    """That of the event, or of the first line that has one."""
    lines = event.lines if isinstance(event, billing.InvoiceIssued) else []
    of_lines = [line.why for line in lines if line.why]
    return of_lines[0] if of_lines else why_of(event)


def _without_what_is_not(
    why: billing.Why | None, to_come: Mapping[UUID, date]
) -> billing.Why | None:
    """What would cause it has not happened, and an invoice to come has no id yet."""
    if why is None:
        return None
    not_yet = set(map(str, to_come))
    facts = {name: fact for name, fact in why.facts.items() if fact not in not_yet}
    return replace(why, caused_by=None, facts=facts)


def _reason(why: billing.Why | None, teller: Teller, *, currency: str) -> str:
    if why is None:
        return ""
    sentence = next((each for code, each in SENTENCES.items() if code == why.rule), None)
    said = sentence and teller.say(sentence, why.facts, currency=currency)
    return said or teller.words.gettext(GENERAL.one, rule=why.rule)


def _amount_minor(event: PublicEvent) -> int | None:
    for name in ("open_minor", "amount_minor", "total_minor"):
        minor: int | None = getattr(event, name, None)
        if minor is not None:
            return minor
    return None


def _service_ids(event: PublicEvent) -> tuple[UUID, ...]:
    if isinstance(event, billing.InvoiceIssued):
        return tuple(dict.fromkeys(line.service_id for line in event.lines if line.service_id))
    service_id: UUID | None = getattr(event, "service_id", None)
    return (service_id,) if service_id else ()


def _hindered(hindered: Hindered, teller: Teller) -> Entry:
    why = billing.Why(rule=hindered.refusal.code, facts={"step": hindered.step})
    said = teller.words.gettext(HINDERED.one)
    return Entry(day=hindered.day, what="hindered", sentence=said, why=why)
