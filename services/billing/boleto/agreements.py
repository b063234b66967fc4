"""What a brand's bank account means to its bank: how boletos are written, what late ones cost.

The banks' own words (wallet, agreement, beneficiary) stand in `boleto/banks`.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal, InvalidOperation

from services.billing.boleto.bank_account import BankAccount
from services.billing.boleto.bank_holidays import bank_holidays
from services.billing.boleto.banks.banco_do_brasil import BancoDoBrasilCollection
from services.billing.boleto.banks.bradesco import BradescoCollection
from services.billing.boleto.banks.caixa import CaixaCollection
from services.billing.boleto.banks.itau import ItauCollection
from services.billing.boleto.banks.santander import SantanderCollection
from services.billing.boleto.collection import COLLECTIONS, Collection
from services.billing.boleto.digits import BoletoInvalid
from services.billing.boleto.late_payment import LateTerms
from shared.errors import Invalid

LARGEST_FINE_PERCENT = 100
DOCUMENT_DIGITS = 7


class BankAccountInvalid(Invalid):
    """The bank account of the brand is not one that boletos could be collected on."""


def late_terms_of(account: BankAccount) -> LateTerms:
    """What a late payment costs. Errors: BankAccountInvalid."""
    return LateTerms(
        fine_percent=_percent(account, "fine_percent"),
        interest_percent_a_month=_percent(account, "interest_percent_a_month"),
    )


def _percent(account: BankAccount, name: str) -> Decimal:
    try:
        percent = Decimal(getattr(account, name))
    except InvalidOperation:
        percent = Decimal(-1)
    if not (percent.is_finite() and 0 <= percent <= LARGEST_FINE_PERCENT):
        _refuse(account, name, because="is no percentage")
    return percent


def collection_of(account: BankAccount, sequence: int) -> Collection:
    """How its bank writes the boleto of a number."""
    match account.bank:
        case "001":
            return BancoDoBrasilCollection(
                wallet=account.wallet,
                agreement=account.agreement,
                branch=account.branch or "0",
                account=account.account or "0",
                service=account.service,
            )
        case "033":
            return SantanderCollection(wallet=account.wallet, beneficiary=account.beneficiary)
        case "104":
            return CaixaCollection(beneficiary=account.beneficiary, modality=account.modality)
        case "237":
            return BradescoCollection(
                wallet=account.wallet, branch=account.branch, account=account.account
            )
        case _:
            return _itau(account, sequence)


def _itau(account: BankAccount, sequence: int) -> ItauCollection:
    return ItauCollection(
        wallet=account.wallet,
        branch=account.branch,
        account=account.account,
        account_check_digit=account.account_check_digit,
        client_code=account.client_code or "0",
        document=str(sequence)[-DOCUMENT_DIGITS:],
    )


WORDS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "001": (frozenset({"wallet", "agreement"}), frozenset({"branch", "account", "service"})),
    "033": (frozenset({"wallet", "beneficiary"}), frozenset({"branch", "account"})),
    "104": (frozenset({"beneficiary"}), frozenset({"modality", "branch", "account"})),
    "237": (frozenset({"wallet", "branch", "account"}), frozenset({"beneficiary"})),
    "341": (
        frozenset({"wallet", "branch", "account"}),
        frozenset({"account_check_digit", "client_code"}),
    ),
}
"""Bank -> the words that it wants, and those that it takes besides."""

_ALL_WORDS = frozenset().union(*(wanted | taken for wanted, taken in WORDS.values()))
_USUAL = {"modality": "registered"}


def check_bank_accounts(accounts: Iterable[BankAccount]) -> None:
    """Raise BankAccountInvalid, which names account, field and reason, unless all can be used."""
    known: set[str] = set()
    for account in accounts:
        if account.id in known:
            raise BankAccountInvalid(account=account.id, field="id", reason="stands there twice")
        known.add(account.id)
        _check(account)


def _check(account: BankAccount) -> None:
    if account.bank not in COLLECTIONS:
        _refuse(account, "bank", because=f"is none of {', '.join(COLLECTIONS)}")
    wanted, taken = WORDS[account.bank]
    for name in sorted(wanted):
        if not getattr(account, name):
            _refuse(account, name, because=f"is needed by bank {account.bank}")
    for name in sorted(_ALL_WORDS - wanted - taken):
        if getattr(account, name) not in {"", _USUAL.get(name, "")}:
            _refuse(account, name, because=f"means nothing to bank {account.bank}")
    if account.first_number < 1:
        _refuse(account, "first_number", because="is below 1")
    if min(account.due_in_days, account.payable_days) < 0:
        _refuse(account, "payable_days", because="is below 0")
    late_terms_of(account)
    try:
        collection = collection_of(account, account.first_number)
        collection.free_field(account.first_number)
        collection.own_number(account.first_number)
    except BoletoInvalid as error:
        field_, reason = str(error.facts.get("field", "")), str(error.facts.get("reason", ""))
        width = error.facts.get("width")
        _refuse(account, field_, because=f"{reason}, at most {width}" if width else reason)


def _refuse(account: BankAccount, name: str, *, because: str) -> None:
    raise BankAccountInvalid(account=account.id, field=name, reason=because)


def holidays_around(day: date) -> frozenset[date]:
    """The bank holidays of the year of `day` and of the next: as far as a due date can move."""
    return bank_holidays(day.year) | bank_holidays(day.year + 1)
