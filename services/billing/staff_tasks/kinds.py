"""What staff is asked to look at. A kind stays for ever; a new one is added here."""

from typing import Literal

Kind = Literal[
    "card_testing",
    "payment_outcome_unknown",
    "payment_pending_too_long",
    "reconciliation_difference",
    "statement_unbalanced",
]
