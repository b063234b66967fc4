"""Invoices, credit notes and receipts in words."""

from decimal import Decimal
from typing import Any

from services.billing.documents.codes import qr_code
from services.billing.documents.paper import (
    CreditNotePaper,
    InvoicePaper,
    ReceiptPaper,
    rates_of,
)
from services.billing.documents.printable import printable
from services.billing.documents.sheet import Cell, Fact, Letter, Picture, Table
from services.billing.documents.wording import Wording, house_facts, sums
from services.billing.invoices.lines import CreditedLine, InvoiceLine, TaxRow, charged_minor

TEMPLATE = "letter.typ"

BADGES: dict[str, tuple[str, str]] = {
    "payment_pending": ("Payment pending", "blue"),
    "paid": ("Paid", "green"),
    "cancelled": ("Cancelled", "grey"),
    "credited": ("Credited", "grey"),
    "written_off": ("Written off", "grey"),
}
"""Status -> what stands beside the title, and its colour. An open invoice needs no word."""
PAYABLE = frozenset({"unpaid", "payment_pending"})
CATEGORY_WORDS = {
    "Z": "Zero-rated",
    "E": "Exempt",
    "AE": "Reverse charge",
    "O": "Not subject to tax",
}
"""UNCL 5305 (EN 16931, BT-118) -> what stands instead of a rate."""


def invoice_letter(paper: InvoicePaper) -> Letter:
    """The invoice or pro forma in the account's language."""
    wording = Wording.of(paper.language, paper.currency)
    heading = "Pro forma invoice" if paper.is_pro_forma else "Invoice"
    badge, tone = BADGES.get(paper.status, ("", "plain"))
    is_payable = paper.status in PAYABLE and paper.total_minor > paper.settled_minor
    return Letter(
        template=TEMPLATE,
        heading=wording.say(heading),
        number=printable(paper.number),
        badge=wording.say(badge) if badge else "",
        badge_tone=tone,
        amount=_asked_for(paper, wording) if is_payable else None,
        facts=_invoice_facts(paper, wording),
        parties=[wording.party("From", paper.seller), wording.party("Billed to", paper.buyer)],
        lines=_lines(paper, wording),
        totals=_invoice_totals(paper, wording),
        taxes=_taxes(paper.taxes, wording),
        notes=[*_prices_note(paper, wording), *map(printable, paper.notes)],
        **(_advice(paper, wording) if is_payable else {}),
        **_frame(paper, wording, heading=heading),
    )


def credit_note_letter(paper: CreditNotePaper) -> Letter:
    """The credit note, its amounts above zero as it takes back what was charged."""
    wording = Wording.of(paper.language, paper.currency)
    return Letter(
        template=TEMPLATE,
        heading=wording.say("Credit note"),
        number=printable(paper.number),
        facts=[
            wording.fact("Issue date", wording.day(paper.issued_on)),
            wording.fact("For invoice", paper.invoice_number),
            wording.fact("Invoice date", wording.day(paper.invoice_issued_on)),
        ],
        parties=[wording.party("From", paper.seller), wording.party("Credited to", paper.buyer)],
        lines=_credited_lines(paper, wording),
        totals=_credit_totals(paper, wording),
        taxes=_taxes(paper.taxes, wording),
        notes=[*_reason(paper, wording), *map(printable, paper.notes)],
        **_frame(paper, wording, heading="Credit note"),
    )


def receipt_letter(paper: ReceiptPaper) -> Letter:
    """That money came, how, and what it settled."""
    wording = Wording.of(paper.language, paper.currency)
    reference = wording.fact("Reference", paper.reference) if paper.reference else None
    return Letter(
        template=TEMPLATE,
        heading=wording.say("Payment receipt"),
        number=printable(paper.number),
        amount=Fact(wording.say("Amount received"), wording.money(paper.amount_minor), strong=True),
        facts=sums(
            [
                wording.fact("Payment date", wording.day(paper.received_on)),
                wording.fact("Payment method", paper.method),
                reference,
            ]
        ),
        parties=[
            wording.party("Received by", paper.seller),
            wording.party("Received from", paper.buyer),
        ],
        lines=_settled(paper, wording),
        totals=[
            Fact(wording.say("Total received"), wording.money(paper.amount_minor), strong=True)
        ],
        **_frame(paper, wording, heading="Payment receipt"),
    )


def _frame(
    paper: InvoicePaper | CreditNotePaper | ReceiptPaper, wording: Wording, *, heading: str
) -> dict[str, Any]:
    """Title, subject and date of the file, and whose paper it is."""
    return {
        "title": printable(f"{wording.say(heading)} {paper.number}"),
        "subject": printable(paper.house.name),
        "day": paper.received_on if isinstance(paper, ReceiptPaper) else paper.issued_on,
        **house_facts(paper.house, wording),
    }


def _asked_for(paper: InvoicePaper, wording: Wording) -> Fact:
    """What is to be paid by when: the one thing that the reader looks for."""
    open_minor = paper.total_minor - paper.settled_minor
    label = wording.say("Amount due by %(day)s", day=wording.words.day(paper.due_on))
    return Fact(label, wording.money(open_minor), strong=True)


def _invoice_facts(paper: InvoicePaper, wording: Wording) -> list[Fact]:
    corrects = wording.fact("Corrects invoice", paper.corrects) if paper.corrects else None
    paid = wording.fact("Paid on", wording.day(paper.paid_on)) if paper.paid_on else None
    return sums(
        [
            wording.fact("Issue date", wording.day(paper.issued_on)),
            wording.fact("Due date", wording.day(paper.due_on)),
            paid,
            corrects,
        ]
    )


def _lines(paper: InvoicePaper, wording: Wording) -> Table:
    """Description, quantity, unit price, rates and amount of each line, as priced."""
    heads = ["Description", "Qty", "Unit price", *(["Tax"] if paper.taxes else []), "Amount"]
    return Table(
        name=wording.say("Items"),
        heads=[wording.say(head) for head in heads],
        rows=[_line(line, paper, wording=wording) for line in paper.lines],
    )


def _line(line: InvoiceLine, paper: InvoicePaper, *, wording: Wording) -> list[Cell]:
    rates = [Cell(_rates(line, paper.taxes, wording=wording))] if paper.taxes else []
    unit = _unit_minor(line)
    return [
        Cell(printable(line.description), _discount(line, wording)),
        Cell(wording.number(line.quantity)),
        Cell(wording.money(unit) if unit is not None else ""),
        *rates,
        Cell(wording.money(line.net_minor)),
    ]


def _unit_minor(line: InvoiceLine) -> int | None:
    """The price of one, where it is known: of a single one it is the amount itself."""
    if line.unit_minor is not None:
        return line.unit_minor
    return line.net_minor if line.quantity == 1 else None


def _discount(line: InvoiceLine, wording: Wording) -> str:
    if not line.discount_minor:
        return ""
    return wording.say("Discount: %(amount)s", amount=wording.money(-line.discount_minor))


def _rates(line: InvoiceLine | CreditedLine, taxes: tuple[TaxRow, ...], *, wording: Wording) -> str:
    rows = [taxes[share.row] for share in line.taxes]
    words = [wording.say(CATEGORY_WORDS[r.category]) for r in rows if r.category != "S"]
    if words:
        return words[0]
    return " + ".join(wording.rate(percent) for percent in rates_of(line, taxes))


def _invoice_totals(paper: InvoicePaper, wording: Wording) -> list[Fact]:
    total = wording.money(paper.total_minor)
    rows = [*_parts_of_total(paper, wording), Fact(wording.say("Total"), total, strong=True)]
    if paper.settled_minor and paper.status not in {"cancelled", "written_off"}:
        open_minor = paper.total_minor - paper.settled_minor
        rows.append(Fact(wording.say("Paid or credited"), wording.money(-paper.settled_minor)))
        rows.append(Fact(wording.say("Amount due"), wording.money(open_minor), strong=True))
    return rows


def _parts_of_total(paper: InvoicePaper | CreditNotePaper, wording: Wording) -> list[Fact]:
    """The net amount and each tax; nothing where there is no tax but what the price contains."""
    rows = [row for row in paper.taxes if not row.is_informative]
    if not rows:
        return []
    net = wording.money(paper.total_minor - paper.tax_minor)
    charged = [row for row in rows if row.category == "S"]
    taxes = [
        Fact(
            f"{printable(row.name)} {wording.rate(row.rate_percent)}", wording.money(row.tax_minor)
        )
        for row in charged
    ]
    return [Fact(wording.say("Net amount"), net), *taxes]


def _taxes(rows: tuple[TaxRow, ...], wording: Wording) -> Table | None:
    """One row per rate (EN 16931, BG-23)."""
    if not rows:
        return None
    heads = ("Tax", "Rate", "Taxable amount", "Tax amount", "With tax")
    return Table(
        name=wording.say("Tax summary"),
        heads=[wording.say(head) for head in heads],
        rows=[_tax_row(row, wording) for row in rows],
    )


def _tax_row(row: TaxRow, wording: Wording) -> list[Cell]:
    is_charged = row.category == "S"
    rate = wording.rate(row.rate_percent if is_charged else Decimal(0))
    word = "" if is_charged else wording.say(CATEGORY_WORDS[row.category])
    if row.is_informative:
        word = wording.say("contained in the price")
    amounts = (row.taxable_minor, row.tax_minor, row.taxable_minor + charged_minor([row]))
    return [Cell(printable(row.name) or word, word), Cell(rate), *_cells(amounts, wording)]


def _cells(amounts: tuple[int, ...], wording: Wording) -> list[Cell]:
    return [Cell(wording.money(minor)) for minor in amounts]


def _prices_note(paper: InvoicePaper, wording: Wording) -> list[str]:
    """How the figures are meant, where it is not the usual way."""
    says = []
    if paper.is_pro_forma:
        says.append("This is not an invoice for tax purposes; that one follows the payment.")
    if paper.prices_include_tax and any(not row.is_informative for row in paper.taxes):
        says.append("Amounts include tax.")
    return [wording.say(each) for each in says]


def _advice(paper: InvoicePaper, wording: Wording) -> dict[str, Any]:
    """How to pay it, where there is a way that needs nothing but the paper."""
    advice = paper.advice
    if not advice.bank_accounts and not advice.pix_code:
        return {}
    reference = wording.fact("Payment reference", paper.number)
    accounts = [wording.account(account) for account in advice.bank_accounts]
    return {
        "advice_heading": wording.say("How to pay"),
        "accounts": [_with(account, reference) for account in accounts],
        "picture": pix_picture(advice.pix_code, wording) if advice.pix_code else None,
    }


def _with(account: Any, fact: Fact) -> Any:
    facts = [*account.facts, fact]
    return type(account)(label=account.label, name=account.name, lines=account.lines, facts=facts)


def pix_picture(pix_code: str, wording: Wording) -> Picture:
    """The QR code of a BR Code, with the text to copy."""
    return Picture(
        svg=qr_code(pix_code),
        says=wording.say("QR code for a payment by PIX"),
        heading="PIX",
        hint=wording.say("Scan the code in your bank's app, or copy this text:"),
        text=pix_code,
    )


def _credited_lines(paper: CreditNotePaper, wording: Wording) -> Table:
    heads = ["Description", *(["Tax"] if paper.taxes else []), "Amount"]
    return Table(
        name=wording.say("Items"),
        heads=[wording.say(head) for head in heads],
        rows=[_credited_line(line, paper, wording=wording) for line in paper.lines],
    )


def _credited_line(line: CreditedLine, paper: CreditNotePaper, *, wording: Wording) -> list[Cell]:
    rates = [Cell(_rates(line, paper.taxes, wording=wording))] if paper.taxes else []
    amount = wording.money(line.amount_minor)
    return [Cell(printable(line.description)), *rates, Cell(amount)]


def _credit_totals(paper: CreditNotePaper, wording: Wording) -> list[Fact]:
    total = wording.money(paper.total_minor)
    rows = [
        *_parts_of_total(paper, wording),
        Fact(wording.say("Total credited"), total, strong=True),
    ]
    if paper.returned_minor:
        returned = wording.money(paper.returned_minor)
        rows.append(Fact(wording.say("Of this, added to your account credit"), returned))
    return rows


def _reason(paper: CreditNotePaper, wording: Wording) -> list[str]:
    return [wording.say("Reason: %(reason)s", reason=paper.reason)] if paper.reason else []


def _settled(paper: ReceiptPaper, wording: Wording) -> Table | None:
    """What the money settled; nothing where it is not known yet."""
    if not paper.settled:
        return None
    rows = [
        [
            Cell(
                wording.say("Invoice %(number)s", number=each.invoice_number)
                if each.invoice_number
                else wording.say("Account credit")
            ),
            Cell(wording.money(each.amount_minor)),
        ]
        for each in paper.settled
    ]
    heads = [wording.say("Used for"), wording.say("Amount")]
    return Table(name=wording.say("Used for"), heads=heads, rows=rows)
