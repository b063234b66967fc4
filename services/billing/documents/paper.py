"""What a paper says, before anything of it is put into words or on a page.

Each kind of paper is one frozen dataclass; the same values give the same bytes (`typesetting`).
Amounts in minor units of `currency`; dates are local dates of the brand.
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

from services.billing.invoices.lines import CreditedLine, InvoiceLine, TaxRow, charged_minor

Status = Literal["unpaid", "payment_pending", "paid", "cancelled", "credited", "written_off"]


@dataclass(frozen=True, kw_only=True)
class Party:
    """Whom a paper is from or for.

    `address` is its lines as on an envelope; where the last is a country's code (ISO 3166-1), it is
    written out. `country` is that code, as far as it is known.
    """

    name: str
    address: tuple[str, ...] = ()
    tax_id: str = ""
    country: str = ""


@dataclass(frozen=True, kw_only=True)
class House:
    """Whose paper it is: the brand's name and colour (`#rrggbb`), and how it can be reached."""

    name: str
    accent_colour: str
    email: str = ""


@dataclass(frozen=True, kw_only=True)
class BankAccount:
    """Where to transfer money to: what the brand says of it, such as bank -> 001, in its order."""

    label: str
    details: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class PaymentAdvice:
    """How the paper can be paid from where it lies. `pix_code`: the BR Code, copy and paste."""

    bank_accounts: tuple[BankAccount, ...] = ()
    pix_code: str = ""


@dataclass(frozen=True, kw_only=True)
class InvoicePaper:
    """An invoice or a pro forma; what it says of its lines and taxes never changes.

    `settled_minor` was paid or credited of it until the paper was asked for; `corrects` is the
    number of the invoice that it stands for anew.
    """

    language: str
    house: House
    seller: Party
    buyer: Party
    number: str
    issued_on: date
    due_on: date
    currency: str
    lines: tuple[InvoiceLine, ...]
    taxes: tuple[TaxRow, ...] = ()
    prices_include_tax: bool = False
    notes: tuple[str, ...] = ()
    is_pro_forma: bool = False
    corrects: str = ""
    status: Status = "unpaid"
    paid_on: date | None = None
    settled_minor: int = 0
    advice: PaymentAdvice = field(default_factory=PaymentAdvice)

    @property
    def tax_minor(self) -> int:
        return charged_minor(self.taxes)

    @property
    def total_minor(self) -> int:
        lines_minor = sum(line.net_minor for line in self.lines)
        return lines_minor if self.prices_include_tax else lines_minor + self.tax_minor


@dataclass(frozen=True, kw_only=True)
class CreditNotePaper:
    """What is taken back of one invoice. `returned_minor` of it is the account's credit now."""

    language: str
    house: House
    seller: Party
    buyer: Party
    number: str
    issued_on: date
    invoice_number: str
    invoice_issued_on: date
    currency: str
    lines: tuple[CreditedLine, ...]
    taxes: tuple[TaxRow, ...] = ()
    prices_include_tax: bool = False
    notes: tuple[str, ...] = ()
    reason: str = ""
    returned_minor: int = 0

    @property
    def tax_minor(self) -> int:
        return charged_minor(self.taxes)

    @property
    def total_minor(self) -> int:
        return sum(line.net_minor for line in self.lines) + self.tax_minor


@dataclass(frozen=True, kw_only=True)
class Settled:
    """What of a payment went where: an invoice by its number, or the account's credit ("")."""

    invoice_number: str
    amount_minor: int


@dataclass(frozen=True, kw_only=True)
class ReceiptPaper:
    """That money came. `method` in the reader's words; `reference` is the gateway's."""

    language: str
    house: House
    seller: Party
    buyer: Party
    number: str
    received_on: date
    currency: str
    amount_minor: int
    method: str
    reference: str = ""
    settled: tuple[Settled, ...] = ()


@dataclass(frozen=True, kw_only=True)
class BoletoPaper:
    """A boleto, always in Portuguese and in BRL: the payer's receipt and the ficha de compensação.

    Field names are those of FEBRABAN's layout in English; `bank_code` is with its check digit
    (001-9), `typeable_line` and `barcode` are those of `boleto.barcode.Barcode`. `instructions` are
    sentences for the cashier. `reductions_minor` to `additions_minor` are printed where given, as
    on a duplicate with fine and interest; `charged_minor` is what is then to be paid.
    """

    house: House
    beneficiary: Party
    payer: Party
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
    wallet: str = ""
    document_kind: str = "DM"
    acceptance: str = "N"
    place_of_payment: str = "Pagável em qualquer banco até o vencimento."
    instructions: tuple[str, ...] = ()
    reductions_minor: int | None = None
    additions_minor: int | None = None
    charged_minor: int | None = None
    is_duplicate: bool = False
    pix_code: str = ""


Paper = InvoicePaper | CreditNotePaper | ReceiptPaper | BoletoPaper


def rates_of(line: InvoiceLine | CreditedLine, taxes: tuple[TaxRow, ...]) -> tuple[Decimal, ...]:
    """The rates, in percent, that a line bears, level 1 first."""
    return tuple(taxes[share.row].rate_percent for share in line.taxes)
