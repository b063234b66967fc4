"""A boleto and its segunda via as papers. Centavos.

Source: FEBRABAN, layout of the ficha de compensação; Banco Central, Carta-Circular 2.926.
"""

from datetime import date
from decimal import Decimal
from typing import Any

from services.billing.automation.today import today_for
from services.billing.boleto.agreements import collection_of, holidays_around
from services.billing.boleto.boleto import Boleto
from services.billing.boleto.digits import modulo_11
from services.billing.boleto.late_payment import Duplicate, LateTerms, duplicate
from services.billing.documents.paper import BoletoPaper
from services.billing.documents.reading import parties_of, setting_for
from services.billing.payments.payment import Payment
from shared.errors import NotFound
from shared.store import Transaction

BANK_NAMES = {
    "001": "Banco do Brasil",
    "033": "Santander",
    "104": "Caixa Econômica Federal",
    "237": "Bradesco",
    "341": "Itaú",
}


async def boleto_paper(
    boleto: Boleto, tx: Transaction, *, pay_by: date | None = None
) -> BoletoPaper:
    """The boleto as issued, or the segunda via that was issued for `pay_by`.

    Errors: NotFound for a day for which none was issued.
    """
    if pay_by is not None and pay_by.isoformat() not in boleto.reissued:
        raise NotFound()
    setting = await setting_for(boleto.account_id, boleto.brand, tx)
    payee, payer = await parties_of(await tx.look_at(Payment, boleto.payment_id), setting, tx)
    account = setting.brand.bank_account(boleto.bank_account)
    again = _again(boleto, pay_by or boleto.due_on)
    collection = collection_of(account, boleto.sequence)
    return BoletoPaper(
        house=setting.paper()["house"],
        beneficiary=payee,
        payer=payer,
        bank_code=bank_code(account.bank),
        bank_name=BANK_NAMES[account.bank],
        typeable_line=again.barcode.line,
        barcode=again.barcode.digits,
        branch_and_account=account.printed_beneficiary,
        own_number=collection.printed_own_number(boleto.sequence),
        document_number=boleto.document,
        issued_on=boleto.issued_on,
        processed_on=await today_for(boleto.brand, tx),
        due_on=again.pay_by,
        amount_minor=boleto.amount_minor,
        wallet=account.wallet,
        instructions=(*account.instructions, *late_instructions(boleto.terms)),
        **_charged(again),
    )


def _again(boleto: Boleto, day: date) -> Duplicate:
    holidays = holidays_around(day)
    return duplicate(
        boleto.barcode, due_on=boleto.due_on, pay_by=day, terms=boleto.terms, holidays=holidays
    )


def _charged(again: Duplicate) -> dict[str, Any]:
    """Fine and interest, and what is then to be paid, on a segunda via; nothing on the original."""
    if not again.charges.days_late:
        return {}
    return {
        "additions_minor": again.charges.total_minor,
        "charged_minor": again.barcode.amount_minor,
        "is_duplicate": True,
    }


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
