"""What each rule says, in a sentence for the account that it was applied to.

English stands here, other languages in `locale`. The blanks of a sentence are facts of the `Why` by
name, each written by its kind: a date, an amount, the number of an invoice. A sentence about a
count of days is said in the plural form that its language has for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from services.billing.why.codes import Code


@dataclass(frozen=True)
class Sentence:
    """`one` is said alone, or, with `many`, for a `count` of one: the name of the fact counted."""

    one: str
    many: str = ""
    count: str = ""


GENERAL = Sentence("This follows from the rule “%(rule)s”.")
"""What is said where the facts are not known: by an event of before they were kept."""

SENTENCES: Mapping[Code, Sentence] = {
    "autopay.due": Sentence(
        "The invoice is due on %(due_on)s, so the stored card is charged if there is one."
    ),
    "autopay.new_method": Sentence(
        "The invoice was due on %(due_on)s, and there is another way to pay since: it is charged "
        "at once."
    ),
    "autopay.retry": Sentence(
        "The invoice was due on %(due_on)s; the stored card is tried again %(num)s day later.",
        "The invoice was due on %(due_on)s; the stored card is tried again %(num)s days later.",
        "retry_days",
    ),
    "bank_entry.assigned": Sentence("Our staff found what the bank transfer was for."),
    "bank_entry.matched": Sentence("The bank transfer was recognised as payment for %(numbers)s."),
    "bank_entry.money_left": Sentence("It is money that we paid ourselves."),
    "bank_entry.reopened": Sentence("The bank transfer had been counted by mistake: %(reason)s"),
    "bank_entry.set_aside": Sentence("Our staff found that it pays no invoice: %(reason)s"),
    "billable_item.due": Sentence(
        "It was noted down for the account, and this was the next invoice."
    ),
    "cancellation.requested": Sentence("The end of the service was asked for."),
    "cancellation.withdrawn": Sentence("The cancellation of the service was taken back."),
    "card.expires": Sentence(
        "The saved card cannot be charged any more once the month that begins on "
        "%(expires_from)s is over."
    ),
    "card_notices.day_of_month": Sentence(
        "On this day of the month we tell of cards that expire with the next month."
    ),
    "change.cycle": Sentence("Another billing cycle was chosen for the service."),
    "change.downgrade": Sentence("A smaller plan was chosen for the service."),
    "change.options": Sentence("Other options were chosen for the service."),
    "change.upgrade": Sentence(
        "A larger plan was chosen: the unused days of the old one are credited, the remaining "
        "days of the new one are charged."
    ),
    "change.withdrawn": Sentence("The change of the service was taken back."),
    "correction.reissued": Sentence("It stands for invoice %(invoice)s, which was corrected."),
    "credit.after_end": Sentence(
        "The payment came when nothing was owed for invoice %(invoice)s any more, so it is kept "
        "as credit."
    ),
    "credit.applied": Sentence("The account's credit pays what is open of invoice %(invoice)s."),
    "credit.change_left_over": Sentence(
        "The change of the service left something over of what was paid."
    ),
    "credit.charged_back": Sentence(
        "A payment was charged back by the bank, so the credit that it had brought is taken back."
    ),
    "credit.correction": Sentence(
        "Invoice %(invoice)s was corrected; what had been paid for it pays the new one."
    ),
    "credit.from_note": Sentence(
        "Credit note %(number)s takes back what had been paid already, so it is kept as credit."
    ),
    "credit.overpayment": Sentence(
        "More was paid than was open of invoice %(invoice)s; the rest is kept as credit."
    ),
    "credit.prepaid": Sentence(
        "Nothing is owed for invoice %(invoice)s any more, so what had been paid of it is kept as "
        "credit."
    ),
    "credit.refund_failed": Sentence(
        "The money could not be paid back, so it is kept as credit again."
    ),
    "credit.refunded": Sentence("It is paid back to where the payment came from."),
    "credit.released": Sentence(
        "Nothing is owed for invoice %(invoice)s any more, so the credit used for it is free again."
    ),
    "credit.top_up": Sentence("The account was topped up."),
    "credit_note.by_staff": Sentence(
        "Our staff took back a part of invoice %(invoice)s or all of it: %(reason)s"
    ),
    "credit_note.correction": Sentence(
        "Invoice %(invoice)s was corrected; another one takes its place: %(reason)s"
    ),
    "credit_note.never_owed": Sentence(
        "Our staff took back invoice %(late_invoice)s, for which the late fee on invoice "
        "%(invoice)s was charged: nothing had been owed late."
    ),
    "credit_note.paid_in_time": Sentence(
        "Invoice %(paid_invoice)s had been paid on %(paid_on)s, before the late fee on invoice "
        "%(invoice)s was charged; that was learnt later."
    ),
    "credit_note.refund": Sentence(
        "A part of what was paid for invoice %(invoice)s is paid back, or all of it."
    ),
    "credit_note.service_change": Sentence(
        "The service was changed; what is not used of invoice %(invoice)s is given back."
    ),
    "credit_note.service_ended": Sentence(
        "A service on invoice %(invoice)s ends, so its lines are owed no more."
    ),
    "draft.issued": Sentence("Our staff prepared this invoice."),
    "end.cancellation": Sentence("The service was cancelled, and its last day is over."),
    "end.fixed_term": Sentence("The agreed term of the service is over."),
    "end.parent_ended": Sentence("The service that this one belongs to has ended."),
    "invoice.change_unpaid": Sentence("The change that it was for was not paid in time."),
    "invoice.change_withdrawn": Sentence("The change that it was for was taken back."),
    "invoice.never_owed": Sentence(
        "Our staff took back invoice %(late_invoice)s, for which this fee was charged: nothing "
        "had been owed late."
    ),
    "invoice.paid_in_time": Sentence(
        "Invoice %(paid_invoice)s had been paid on %(paid_on)s, before this fee was charged; that "
        "was learnt later."
    ),
    "invoice.service_cancelled": Sentence("The service that it was for was cancelled."),
    "invoice.service_changed": Sentence(
        "The service was changed before it was paid; it is invoiced anew."
    ),
    "invoice.service_ended": Sentence("The service that it was for has ended."),
    "invoice.voided_by_staff": Sentence("Our staff made the invoice void: %(reason)s"),
    "invoice.written_off": Sentence("Our staff gave up what was open: %(reason)s"),
    "late_charges.boleto": Sentence(
        "The boleto for invoice %(invoice)s was due on %(due_on)s; paid later it costs the fine "
        "and interest that it says."
    ),
    "late_fee.overdue": Sentence(
        "Invoice %(invoice)s was due on %(due_on)s, and %(open_minor)s of it was still open "
        "%(num)s day later: from then on the fee for late payment is charged.",
        "Invoice %(invoice)s was due on %(due_on)s, and %(open_minor)s of it was still open "
        "%(num)s days later: from then on the fee for late payment is charged.",
        "after_days",
    ),
    "notice.due": Sentence(
        "The invoice is due on %(due_on)s and is open; we remind of it %(num)s day before.",
        "The invoice is due on %(due_on)s and is open; we remind of it %(num)s days before.",
        "offset_days",
    ),
    "notice.overdue": Sentence(
        "The invoice was due on %(due_on)s and is still open; we say so %(num)s day after.",
        "The invoice was due on %(due_on)s and is still open; we say so %(num)s days after.",
        "offset_days",
    ),
    "order.given_up": Sentence("The order was cancelled before it was paid."),
    "order.paid": Sentence("Invoice %(invoice)s of the order was paid."),
    "order.placed": Sentence("It was ordered with order %(order)s."),
    "order.unpaid": Sentence(
        "An order that is not paid within %(num)s day is cancelled.",
        "An order that is not paid within %(num)s days is cancelled.",
        "days",
    ),
    "promotion.taken_off": Sentence("The promotion %(codes)s takes this off the price."),
    "reactivation.fee": Sentence(
        "The service was suspended on %(suspended_on)s for an unpaid invoice; running it again "
        "costs this fee."
    ),
    "renewal.on_demand": Sentence(
        "The renewal was asked for; the invoice is due on %(due_on)s, when the period begins."
    ),
    "renewal.paid": Sentence("Invoice %(invoice)s was paid, so the next period follows."),
    "renewal.period_due": Sentence(
        "The next period of the service begins on %(due_on)s; it is invoiced %(num)s day before.",
        "The next period of the service begins on %(due_on)s; it is invoiced %(num)s days before.",
        "days_before",
    ),
    "renewal.waived": Sentence(
        "Our staff let go of what invoice %(invoice)s charged for the period, so it follows "
        "free of charge."
    ),
    "suspension.grace": Sentence(
        "Our staff lets the service run again; before %(grace_ends_on)s it is not suspended for "
        "what is owed."
    ),
    "suspension.grace_over": Sentence(
        "Invoice %(invoice)s was due on %(due_on)s and is not paid; our staff had let the service "
        "run until %(grace_ends_on)s."
    ),
    "suspension.lifted_by_staff": Sentence("Our staff lets the service run again."),
    "suspension.overdue": Sentence(
        "Invoice %(invoice)s was due on %(due_on)s and is not paid; a service is suspended "
        "%(num)s day after the due date.",
        "Invoice %(invoice)s was due on %(due_on)s and is not paid; a service is suspended "
        "%(num)s days after the due date.",
        "days",
    ),
    "suspension.paid": Sentence("Nothing is overdue any more, so the service runs again."),
    "suspension.staff": Sentence("Our staff suspended the service: %(reason)s"),
    "suspension.warning": Sentence(
        "Invoice %(invoice)s was due on %(due_on)s and is not paid; unless it is paid the service "
        "is suspended on %(suspends_on)s."
    ),
    "termination.overdue": Sentence(
        "The service was suspended on %(suspended_on)s for an unpaid invoice; %(num)s day later "
        "it is deleted.",
        "The service was suspended on %(suspended_on)s for an unpaid invoice; %(num)s days later "
        "it is deleted.",
        "days",
    ),
    "termination.staff": Sentence("Our staff ended the service: %(reason)s"),
    "transfer.staff": Sentence("Our staff transferred the service between two accounts."),
}
