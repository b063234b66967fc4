"""What stands on the paper of a boleto, as values; drawing it is another's work. Centavos.

Source: FEBRABAN, layout of the ficha de compensação; Banco Central, Carta-Circular 2.926.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from services.billing.boleto.agreements import collection_of
from services.billing.boleto.bank_account import BankAccount
from services.billing.boleto.boleto import Boleto
from services.billing.boleto.digits import modulo_11
from services.billing.boleto.late_payment import Duplicate, LateTerms
from services.billing.invoices.invoice import Invoice

BANK_NAMES = {
    "001": "Banco do Brasil",
    "033": "Santander",
    "104": "Caixa Econômica Federal",
    "237": "Bradesco",
    "341": "Itaú",
}


@dataclass(frozen=True, kw_only=True)
class Slip:
    """The fields of the ficha de compensação. `bank_code` is with its check digit (001-9).

    `payer` is name, address and tax id. `additions_minor` are fine and interest of a segunda via,
    `charged_minor` is then to be paid; both are None on the original.
    """

    payer: tuple[str, str, str]
    bank_code: str
    bank_name: str
    typeable_line: str
    barcode: str
    branch_and_account: str
    own_number: str
    document_number: str
    issued_on: date
    processed_on: date
    due_on: date
    amount_minor: int
    wallet: str
    instructions: tuple[str, ...]
    additions_minor: int | None
    charged_minor: int | None
    is_duplicate: bool


def slip_of(
    boleto: Boleto, invoice: Invoice, *, account: BankAccount, again: Duplicate, today: date
) -> Slip:
    """The paper of a boleto, or of the segunda via that `again` is."""
    charges = again.charges
    collection = collection_of(account, boleto.sequence)
    return Slip(
        payer=invoice.billed_to,
        bank_code=bank_code(account.bank),
        bank_name=BANK_NAMES[account.bank],
        typeable_line=again.barcode.line,
        barcode=again.barcode.digits,
        branch_and_account=account.printed_beneficiary,
        own_number=collection.printed_own_number(boleto.sequence),
        document_number=boleto.document,
        issued_on=boleto.issued_on,
        processed_on=today,
        due_on=again.pay_by,
        amount_minor=boleto.amount_minor,
        wallet=account.wallet,
        instructions=(*account.instructions, *late_instructions(boleto.terms)),
        additions_minor=charges.total_minor if charges.days_late else None,
        charged_minor=again.barcode.amount_minor if charges.days_late else None,
        is_duplicate=bool(charges.days_late),
    )


def bank_code(bank: str) -> str:
    """The bank with its check digit, as it is printed. Source: FEBRABAN, weights 2 to 9.

    >>> [bank_code(bank) for bank in ("001", "033", "104", "237", "341")]
    ['001-9', '033-7', '104-0', '237-2', '341-7']
    """
    digit = modulo_11(bank)
    return f"{bank}-{0 if digit > 9 else digit}"


def late_instructions(terms: LateTerms) -> tuple[str, ...]:
    """What the cashier is to ask for after the due date, in Portuguese.

    >>> from decimal import Decimal
    >>> late_instructions(LateTerms(fine_percent=Decimal(2), interest_percent_a_month=Decimal(0)))
    ('Após o vencimento, cobrar multa de 2%.',)
    """
    fine, interest = terms.fine_percent, terms.interest_percent_a_month
    sentences = (
        (fine, f"Após o vencimento, cobrar multa de {_percent(fine)}%."),
        (interest, f"Após o vencimento, cobrar juros de {_percent(interest)}% ao mês."),
    )
    return tuple(sentence for percent, sentence in sentences if percent)


def _percent(percent: Decimal) -> str:
    return f"{percent.normalize():f}".replace(".", ",")
