"""What staff is asked to look at. A kind stays for ever; a new one is added here."""

from typing import Literal

Kind = Literal[
    "card_testing",
    "payment_charged_back",
    "payment_disputed",
    "payment_mismatch",
    "payment_outcome_unknown",
    "payment_pending_too_long",
    "gateway_report_missing",
    "reconciliation_difference",
    "return_file_refused",
    "return_lines",
    "refund_failed",
    "refund_outcome_unknown",
    "refund_to_approve",
    "refund_unexplained",
    "statement_unbalanced",
]
