"""What became of a line of a bank's file, and why a file was refused, in words."""

from collections.abc import Mapping
from typing import Any

from shared.errors import DomainError
from shared.i18n import Translations


def _(message: str) -> str:
    """Marks a message for the catalogues."""
    return message


OUTCOMES: Mapping[str, str] = {
    "waiting": _("waiting"),
    "settled": _("paid"),
    "told_before": _("told before"),
    "noted": _("noted"),
    "on_its_way": _("on its way"),
    "ended": _("ended"),
    "settled_in_part": _("paid in part"),
    "overpaid": _("overpaid"),
    "paid_again": _("paid twice"),
    "credited": _("became credit"),
    "rejected": _("refused by the bank"),
    "reversed": _("taken back by the bank"),
    "not_understood": _("not understood"),
    "amount_differs": _("another amount"),
    "no_amount": _("no amount"),
    "unknown_boleto": _("no boleto of ours"),
    "ambiguous": _("several boletos fit"),
    "failed": _("failed"),
}
NO_FILE = _("Please choose a file.")
EMPTY = _("This file is empty.")
TOO_LARGE = _("This file is too large. Please ask the bank for a shorter period.")
DAMAGED = _("Line %(line)s is damaged or of another form. Nothing of the file was taken.")
REFUSALS: Mapping[str, str] = {
    "return_file_invalid": DAMAGED,
    "return_file_of_no_account": _("This file is of bank %(bank)s, where you collect no boletos."),
    "return_file_too_large": TOO_LARGE,
    "body_too_large": TOO_LARGE,
    "statement_too_large": TOO_LARGE,
    "statement_unreadable": DAMAGED,
    "statement_empty": _("There is no statement in this file."),
    "statement_not_final": _("This is a preliminary report. Please bring the final statement."),
    "statement_day_implausible": _("Line %(line)s has a day that cannot be: %(day)s."),
    "statements_overlap": _(
        "These days came from a file of another form already; its entries would count twice."
    ),
    "bank_account_unknown": _("This file is about an account that is none of yours."),
}


def why_refused(refusal: DomainError, language: Translations) -> str:
    """The sentence at the file; empty where the fault lies elsewhere."""
    sentence = REFUSALS.get(refusal.code)
    return language.gettext(sentence, **_whole(refusal.facts)) if sentence else ""


def where_damaged(problem: Mapping[str, Any], language: Translations) -> str:
    """Why a file that was taken could not be read after all."""
    return language.gettext(DAMAGED, **_whole(problem))


def _whole(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts that the sentences name, also where a refusal does not tell them."""
    return {"line": "?", "bank": "?", "day": "?", **facts}
