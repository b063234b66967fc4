"""Papers to print: parties of five brands, and invoices as the tax part makes them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from services.billing.boleto.barcode import read_boleto
from services.billing.contacts.contact import Contact
from services.billing.credit_notes.credited import credited
from services.billing.documents.paper import (
    BankAccount,
    BoletoPaper,
    CreditNotePaper,
    House,
    InvoicePaper,
    Party,
    PaymentAdvice,
    ReceiptPaper,
    Settled,
)
from services.billing.invoices.lines import InvoiceLine
from services.billing.invoices.taxing import Taxation, TaxedLines, buyer_of, tax_lines
from services.billing.tax.brand_taxes import BrandTaxes

ISSUED, DUE = date(2026, 11, 21), date(2026, 12, 5)
PIX = (
    "00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-426655440000"
    "5204000053039865802BR5913Fulano de Tal6008BRASILIA62070503***63041D3D"
)
"""The sample of the Banco Central's manual of the BR Code."""
BOLETO_LINE = "00190.50095 40144.816069 06809.350314 3 37370000000100"
"""FEBRABAN's usual example of the Banco do Brasil."""

BRAZIL = Party(
    name="Ponto Hospedagem Ltda.",
    address=("Rua das Palmeiras, 420, sala 12", "Florianópolis, SC", "88010-020", "BR"),
    tax_id="11.222.333/0001-81",
    country="BR",
)
POLAND = Party(
    name="Wisła Hosting sp. z o.o.",
    address=("ul. Długa 7", "Kraków", "31-147", "PL"),
    tax_id="8567346215",
    country="PL",
)
SPAIN = Party(
    name="Vela Alojamiento S.L.",
    address=("Calle Mayor 5", "Madrid", "28013", "ES"),
    tax_id="B58378431",
    country="ES",
)
RUSSIA = Party(
    name="ООО «Волга Хостинг»",
    address=("ул. Ленина, 1", "Саратов", "410000", "RU"),
    tax_id="7707083893",
    country="RU",
)
ANA = Party(
    name="Ana Souza",
    address=("Rua das Flores 12", "São Paulo, SP", "01310-100", "BR"),
    tax_id="529.982.247-25",
    country="BR",
)
EWA = Party(
    name="Ewa Źródlana-Ćwiklińska",
    address=("ul. Łąkowa 3/4", "Gdańsk", "80-743", "PL"),
    tax_id="5261040828",
    country="PL",
)
HANS = Party(
    name="Müller & Söhne GmbH",
    address=("Hauptstraße 1", "Berlin", "10115", "DE"),
    tax_id="DE136695976",
    country="DE",
)
JOHN = Party(name="John Doe", address=("1 Main St", "Austin, TX", "73301", "US"), country="US")

HOUSES = {
    "pt-BR": House(name="Ponto Hospedagem", accent_colour="#0f6b60", email="ola@ponto.example"),
    "es": House(name="Vela", accent_colour="#0b4f8a", email="hola@vela.example"),
    "pl": House(name="Wisła", accent_colour="#7a1f2b", email="pomoc@wisla.example"),
    "ru": House(name="Волга", accent_colour="#1d4ed8", email="help@volga.example"),
    "en": House(name="Ponto Hosting", accent_colour="#0f6b60", email="hello@ponto.example"),
}
SELLERS = {"pt-BR": BRAZIL, "es": SPAIN, "pl": POLAND, "ru": RUSSIA, "en": BRAZIL}
BUYERS = {
    "pt-BR": ANA,
    "es": Party(
        name="Lucía Fernández Núñez",
        address=("Av. de la Constitución 22, 3.º B", "Sevilla", "41001", "ES"),
        tax_id="12345678Z",
        country="ES",
    ),
    "pl": EWA,
    "ru": Party(
        name="Щербакова Ольга Юрьевна",
        address=("пр. Мира, д. 15, кв. 8", "Казань", "420000", "RU"),
        tax_id="500100732259",
        country="RU",
    ),
    "en": JOHN,
}
CURRENCIES = {"pt-BR": "BRL", "es": "USD", "pl": "PLN", "ru": "RUB", "en": "BRL"}
TRANSFER = BankAccount(
    label="Transferência bancária",
    details=(
        ("bank", "001 – Banco do Brasil"),
        ("branch", "0452-1"),
        ("account", "73481-6"),
        ("beneficiary", "Ponto Hospedagem Ltda."),
        ("tax_id", "11.222.333/0001-81"),
    ),
)


def line(
    net_minor: int, description: str = "Hosting Start – a.example", **says: Any
) -> InvoiceLine:
    fields = {"kind": "manual", "unit_minor": net_minor, **says}
    return InvoiceLine(description=description, net_minor=net_minor, **fields)


def taxed(
    lines: Sequence[InvoiceLine], taxes: BrandTaxes, buyer: Party, *, is_exempt: bool = False
) -> TaxedLines:
    """The lines as an invoice for this buyer has them."""
    contact = Contact(
        language="en",
        name=buyer.name,
        address="\n".join(buyer.address),
        tax_id=buyer.tax_id,
        country=buyer.country,
        state="",
    )
    whom = buyer_of(contact, is_exempt=is_exempt)
    return tax_lines(lines, Taxation(rules=taxes.rules(), buyer=whom, language="en"))


def invoice_paper(language: str = "pt-BR", **changed: Any) -> InvoicePaper:
    """An open invoice of the brand of a language, over one line, without tax."""
    fields: dict[str, Any] = {
        "language": language,
        "house": HOUSES[language],
        "seller": SELLERS[language],
        "buyer": BUYERS[language],
        "number": "PON-2026-000042",
        "issued_on": ISSUED,
        "due_on": DUE,
        "currency": CURRENCIES[language],
        "lines": (line(2990),),
    }
    return InvoicePaper(**{**fields, **changed})


def taxed_paper(found: TaxedLines, **changed: Any) -> InvoicePaper:
    """An invoice over taxed lines."""
    return invoice_paper(
        **{
            "lines": tuple(found.lines),
            "taxes": tuple(found.taxes),
            "notes": tuple(found.notes),
            "prices_include_tax": found.prices_include_tax,
            **changed,
        }
    )


def credit_note_paper(
    paper: InvoicePaper, wanted: dict[int, int] | None = None, **changed: Any
) -> CreditNotePaper:
    """What is taken back of an invoice: all of it, or amounts of lines by their places."""
    details = TaxedLines(
        lines=list(paper.lines),
        taxes=list(paper.taxes),
        prices_include_tax=paper.prices_include_tax,
    ).details()
    document = credited(list(paper.lines), details, earlier=[], wanted=wanted)
    fields: dict[str, Any] = {
        "language": paper.language,
        "house": paper.house,
        "seller": paper.seller,
        "buyer": paper.buyer,
        "number": "PON-C-2026-000003",
        "issued_on": ISSUED,
        "invoice_number": paper.number,
        "invoice_issued_on": paper.issued_on,
        "currency": paper.currency,
        "lines": tuple(document.lines),
        "taxes": tuple(document.taxes),
        "prices_include_tax": paper.prices_include_tax,
        "reason": "Charged twice",
        "returned_minor": document.total_minor,
    }
    return CreditNotePaper(**{**fields, **changed})


def receipt_paper(language: str = "pt-BR", **changed: Any) -> ReceiptPaper:
    fields: dict[str, Any] = {
        "language": language,
        "house": HOUSES[language],
        "seller": SELLERS[language],
        "buyer": BUYERS[language],
        "number": "PON-R-2026-000017",
        "received_on": ISSUED,
        "currency": CURRENCIES[language],
        "amount_minor": 5000,
        "method": "PIX",
        "reference": "E00038166201907261559y6j6mt9l0pi",
        "settled": (
            Settled(invoice_number="PON-2026-000042", amount_minor=2990),
            Settled(invoice_number="", amount_minor=2010),
        ),
    }
    return ReceiptPaper(**{**fields, **changed})


def boleto_paper(**changed: Any) -> BoletoPaper:
    barcode = read_boleto(BOLETO_LINE)
    fields: dict[str, Any] = {
        "house": HOUSES["pt-BR"],
        "beneficiary": BRAZIL,
        "payer": ANA,
        "bank_code": "001-9",
        "bank_name": "Banco do Brasil",
        "typeable_line": barcode.line,
        "barcode": barcode.digits,
        "branch_and_account": "0452-1 / 73481-6",
        "own_number": "50144816060680935",
        "document_number": "PON-2026-000042",
        "issued_on": ISSUED,
        "processed_on": ISSUED,
        "due_on": DUE,
        "amount_minor": 100,
        "wallet": "17",
        "instructions": (
            "Após o vencimento, cobrar multa de 2,00%.",
            "Após o vencimento, cobrar juros de 1,00% ao mês.",
        ),
        "pix_code": PIX,
    }
    return BoletoPaper(**{**fields, **changed})


def advised(paper: InvoicePaper) -> InvoicePaper:
    """With a PIX code and a bank account to pay to."""
    return replace(paper, advice=PaymentAdvice(bank_accounts=(TRANSFER,), pix_code=PIX))
