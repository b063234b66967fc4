"""The codes of all rules that something is charged, said or done by; a code stays for ever.

What a command says why by is of the type `Code`, so that no rule goes without its sentence
(`sentences.py`). The tables turn the reasons of events into codes.
"""

from collections.abc import Mapping
from typing import Literal

Code = Literal[
    "autopay.due",
    "autopay.new_method",
    "autopay.retry",
    "bank_entry.assigned",
    "bank_entry.matched",
    "bank_entry.money_left",
    "bank_entry.reopened",
    "bank_entry.set_aside",
    "billable_item.due",
    "cancellation.requested",
    "cancellation.withdrawn",
    "card.expires",
    "card_notices.day_of_month",
    "change.cycle",
    "change.downgrade",
    "change.options",
    "change.upgrade",
    "change.withdrawn",
    "correction.reissued",
    "credit.after_end",
    "credit.applied",
    "credit.change_left_over",
    "credit.charged_back",
    "credit.correction",
    "credit.from_note",
    "credit.overpayment",
    "credit.prepaid",
    "credit.refund_failed",
    "credit.refunded",
    "credit.released",
    "credit.top_up",
    "credit_note.by_staff",
    "credit_note.correction",
    "credit_note.never_owed",
    "credit_note.paid_in_time",
    "credit_note.refund",
    "credit_note.service_change",
    "credit_note.service_ended",
    "draft.issued",
    "end.cancellation",
    "end.fixed_term",
    "end.parent_ended",
    "invoice.change_unpaid",
    "invoice.change_withdrawn",
    "invoice.never_owed",
    "invoice.paid_in_time",
    "invoice.service_cancelled",
    "invoice.service_changed",
    "invoice.service_ended",
    "invoice.voided_by_staff",
    "invoice.written_off",
    "late_charges.boleto",
    "late_fee.overdue",
    "notice.due",
    "notice.overdue",
    "order.given_up",
    "order.paid",
    "order.placed",
    "order.unpaid",
    "promotion.taken_off",
    "reactivation.fee",
    "renewal.on_demand",
    "renewal.paid",
    "renewal.period_due",
    "renewal.waived",
    "suspension.grace",
    "suspension.grace_over",
    "suspension.lifted_by_staff",
    "suspension.overdue",
    "suspension.paid",
    "suspension.staff",
    "suspension.warning",
    "termination.overdue",
    "termination.staff",
    "transfer.staff",
]

OF_CHANGE: Mapping[str, Code] = {
    "cycle": "change.cycle",
    "downgrade": "change.downgrade",
    "options": "change.options",
    "undo": "change.withdrawn",
    "upgrade": "change.upgrade",
}
"""Kind of a change -> its rule."""
OF_END: Mapping[str, Code] = {
    "cancellation": "end.cancellation",
    "fixed_term": "end.fixed_term",
    "parent_ended": "end.parent_ended",
}
"""Reason of a service's regular end -> its rule."""
OF_ORDER_END: Mapping[str, Code] = {"client": "order.given_up", "unpaid": "order.unpaid"}
"""Reason of an order's cancellation -> its rule."""
OF_VOID_INVOICE: Mapping[str, Code] = {
    "change_unpaid": "invoice.change_unpaid",
    "change_withdrawn": "invoice.change_withdrawn",
    "never_owed": "invoice.never_owed",
    "paid_in_time": "invoice.paid_in_time",
    "service_cancelled": "invoice.service_cancelled",
    "service_changed": "invoice.service_changed",
    "service_ended": "invoice.service_ended",
}
"""Reason of an invoice's cancellation -> its rule; any other reason is a sentence of staff's."""
OF_CREDIT_NOTE: Mapping[str, Code] = {
    "change_unpaid": "credit_note.service_change",
    "never_owed": "credit_note.never_owed",
    "paid_in_time": "credit_note.paid_in_time",
    "refund": "credit_note.refund",
    "service_cancelled": "credit_note.service_ended",
    "service_change": "credit_note.service_change",
    "service_changed": "credit_note.service_change",
    "service_ended": "credit_note.service_ended",
}
"""Reason of a credit note -> its rule; any other reason is a sentence of staff's."""
