"""The totals of a document: quantities and prices to lines, discounts and charges, taxes, total.

Prices are in major units with as many decimals as they need; amounts in minor units. As in
EN 16931 each line is rounded by itself (BR-DEC-23) and lines sum to the document (BR-CO-10), so
what is printed adds up; tax is computed per rate on the sum (BR-CO-17).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from services.billing.tax.taxation import Part, Tax, Taxed, tax_parts
from shared.errors import Invalid
from shared.money import minor_digits, round_half_up

MOST_DECIMALS = 12
LARGEST_MINOR = 10**15
"""Beyond it JSON's numbers are no longer exact everywhere; below it any sum fits a bigint."""


class QuantityInvalid(Invalid):
    """A quantity, price or percent is not finite, is too long or large, or divides by nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Percent:
    """A share of the line or of the sum of lines; of `base_minor` where it says so (BT-137)."""

    percent: Decimal
    base_minor: int | None = None


Adjustment = int | Percent
"""A discount or charge: minor units, or a percentage rounded to the minor unit (BR-DEC-24)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """`unit_price` is for `price_quantity` units (BT-149); discounts and charges are of the line.

    A percentage is of quantity times price, each of its own: none is of what another left.
    """

    unit_price: Decimal
    quantity: Decimal = Decimal(1)
    price_quantity: Decimal = Decimal(1)
    discounts: tuple[Adjustment, ...] = ()
    charges: tuple[Adjustment, ...] = ()
    taxes: tuple[Tax, ...] = ()
    included: tuple[Tax, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentAdjustment:
    """A discount or charge on the whole document, with the taxes that it bears or lowers."""

    amount: Adjustment
    taxes: tuple[Tax, ...] = ()
    included: tuple[Tax, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What is to be added up. A credit note is a document of its own; see also `credits`."""

    currency: str
    lines: tuple[Line, ...]
    discounts: tuple[DocumentAdjustment, ...] = ()
    charges: tuple[DocumentAdjustment, ...] = ()
    prepaid_minor: int = 0
    rounding_minor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentTotals:
    """`sum_minor`, `discount_minor`, `charge_minor` as priced; `taxed` holds net, tax and gross.

    The parts of `taxed` are the lines, then the discounts (negative), then the charges.
    """

    line_minors: tuple[int, ...]
    discount_minors: tuple[int, ...]
    charge_minors: tuple[int, ...]
    taxed: Taxed
    prepaid_minor: int
    rounding_minor: int

    @property
    def sum_minor(self) -> int:
        """BT-106."""
        return sum(self.line_minors)

    @property
    def discount_minor(self) -> int:
        """BT-107."""
        return sum(self.discount_minors)

    @property
    def charge_minor(self) -> int:
        """BT-108."""
        return sum(self.charge_minors)

    @property
    def payable_minor(self) -> int:
        """What the seller gets: the total with tax (BT-112) less what the buyer withholds."""
        return self.taxed.gross_minor - self.taxed.withheld_minor

    @property
    def due_minor(self) -> int:
        """What is still to be paid (BT-115, BR-CO-16), rounded as the seller says (BT-114)."""
        return self.payable_minor - self.prepaid_minor + self.rounding_minor


def add_up(document: Document) -> DocumentTotals:
    """The totals of a document. Error: QuantityInvalid.

    >>> vat = (Tax(name="VAT", percent=Decimal("19")),)
    >>> hours = Line(quantity=Decimal("5.5"), unit_price=Decimal("443.905"), taxes=vat)
    >>> totals = add_up(Document(currency="EUR", lines=(hours,)))
    >>> totals.sum_minor, totals.taxed.tax_minor, totals.due_minor
    (244148, 46388, 290536)
    """
    digits = minor_digits(document.currency)
    line_minors = tuple(_line_minor(line, digits=digits) for line in document.lines)
    whole_minor = sum(line_minors)
    discounts = tuple(_minor(each.amount, of_minor=whole_minor) for each in document.discounts)
    charges = tuple(_minor(each.amount, of_minor=whole_minor) for each in document.charges)
    amounts = [*line_minors, *(-minor for minor in discounts), *charges]
    origins: list[Line | DocumentAdjustment] = [
        *document.lines,
        *document.discounts,
        *document.charges,
    ]
    return DocumentTotals(
        line_minors=line_minors,
        discount_minors=discounts,
        charge_minors=charges,
        taxed=tax_parts(_parts(amounts, origins)),
        prepaid_minor=document.prepaid_minor,
        rounding_minor=document.rounding_minor,
    )


def _parts(amounts: list[int], origins: Sequence[Line | DocumentAdjustment]) -> list[Part]:
    return [
        Part(amount_minor=minor, taxes=origin.taxes, included=origin.included)
        for minor, origin in zip(amounts, origins, strict=True)
    ]


def _line_minor(line: Line, *, digits: int) -> int:
    """Quantity times price, less the discounts, plus the charges."""
    per_price = _exact(line.price_quantity, field="price_quantity")
    if not per_price:
        raise QuantityInvalid(field="price_quantity")
    quantity = _exact(line.quantity, field="quantity")
    price = _exact(line.unit_price, field="unit_price")
    minor = round_half_up(quantity * price / per_price * 10**digits)
    if abs(minor) > LARGEST_MINOR:
        raise QuantityInvalid(field="quantity")
    less = sum(_minor(discount, of_minor=minor) for discount in line.discounts)
    return minor - less + sum(_minor(charge, of_minor=minor) for charge in line.charges)


def _minor(adjustment: Adjustment, *, of_minor: int) -> int:
    if isinstance(adjustment, int):
        return adjustment
    base_minor = of_minor if adjustment.base_minor is None else adjustment.base_minor
    percent = _exact(adjustment.percent, field="percent")
    return round_half_up(percent * base_minor / 100)


def _exact(number: Decimal, *, field: str) -> Fraction:
    """The number as a fraction; one with an exponent out of reach would take for ever."""
    if not number.is_finite() or abs(number) > LARGEST_MINOR:
        raise QuantityInvalid(field=field)
    if number != round(number, MOST_DECIMALS):
        raise QuantityInvalid(field=field)
    return Fraction(number)
