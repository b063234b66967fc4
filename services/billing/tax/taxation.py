"""Taxes on the parts of a document: computed per rate on the sum, then shared out to the parts.

A part is a line, or a discount or charge of the whole document. All amounts in minor units of one
currency, negative ones allowed. Rounding: half up of the absolute amount (EN 16931, BR-CO-17).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from math import lcm

from shared.money import apportion, round_half_up


class TaxCategory(StrEnum):
    """Why a rate is what it is: the codes of UNCL 5305 that EN 16931 uses (BT-151)."""

    STANDARD = "S"
    ZERO = "Z"
    EXEMPT = "E"
    REVERSE_CHARGE = "AE"
    OUTSIDE_SCOPE = "O"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tax:
    """One tax that a part bears. `percent` is 0 in every category but STANDARD.

    Compound: charged on the net amount and the simple taxes of the part. Withheld: the buyer keeps
    it back and pays it to the authority (IRPEF, ISS retido), so it is no part of the price.
    Informative: a rate of the price, which has it in it and stays as it is (ISS por dentro: its
    base is the price of the service, Lei Complementar 116/2003, art. 7); it is told, not added.
    """

    name: str
    percent: Decimal
    category: TaxCategory = TaxCategory.STANDARD
    is_compound: bool = False
    is_withheld: bool = False
    is_informative: bool = False

    @property
    def is_charged(self) -> bool:
        """Whether the seller adds it to the net amount."""
        return not (self.is_withheld or self.is_informative)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """An amount as priced, the charged taxes that its price includes, and those that it bears."""

    amount_minor: int
    taxes: tuple[Tax, ...] = ()
    included: tuple[Tax, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxAmount:
    """A tax on `taxable_minor`: of one part, or summed over a document (a row of its summary)."""

    tax: Tax
    taxable_minor: int
    tax_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxedPart:
    """What a part is without tax, and its taxes in the order of the part's."""

    net_minor: int
    taxes: tuple[TaxAmount, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Taxed:
    """The parts of a document with their taxes; every figure of the document is their sum."""

    parts: tuple[TaxedPart, ...]

    @property
    def rows(self) -> tuple[TaxAmount, ...]:
        """The summary: one row per tax, rate and category, in the order of their appearance."""
        return _summary(amount for part in self.parts for amount in part.taxes)

    @property
    def net_minor(self) -> int:
        return sum(part.net_minor for part in self.parts)

    @property
    def tax_minor(self) -> int:
        """The taxes that the seller charges."""
        return sum(row.tax_minor for row in self.rows if row.tax.is_charged)

    @property
    def withheld_minor(self) -> int:
        return sum(row.tax_minor for row in self.rows if row.tax.is_withheld)

    @property
    def gross_minor(self) -> int:
        return self.net_minor + self.tax_minor


def tax_parts(parts: Sequence[Part]) -> Taxed:
    """Net and taxes of each part, such that they sum to what each rate gives on its whole sum.

    Where the taxes in a price are borne too, net amount and those taxes sum to the priced amount:
    they are what is left of it after the net amount, which may differ by a minor unit from the
    rate on that net amount; what is borne besides, such as a surcharge, is added to the price.
    Order does not matter but for who gets a rest of a minor unit.

    >>> vat = (Tax(name="VAT", percent=Decimal("24")),)
    >>> tax_parts([Part(amount_minor=844, taxes=vat)]).tax_minor
    203
    >>> included = tax_parts([Part(amount_minor=12500, taxes=vat, included=vat)])
    >>> included.net_minor, included.tax_minor
    (10081, 2419)
    """
    assert all(len(set(part.taxes)) == len(part.taxes) for part in parts), "a tax is borne once"
    nets = _nets(parts)
    charged: list[dict[Tax, TaxAmount]] = [{} for _ in parts]
    for entry in _entries(parts, nets):
        bases = [nets[place] + entry.other_taxes(charged[place]) for place in entry.places]
        for place, amount in zip(entry.places, entry.amounts(bases), strict=True):
            charged[place][entry.tax] = amount
    return Taxed(
        parts=tuple(
            TaxedPart(net_minor=net, taxes=tuple(amounts[tax] for tax in part.taxes))
            for part, net, amounts in zip(parts, nets, charged, strict=True)
        )
    )


@dataclass(frozen=True, slots=True)
class _Entry:
    """One tax of the parts at `places`; `minor`: what it comes to, if their prices say so."""

    tax: Tax
    places: tuple[int, ...]
    minor: int | None = None

    def other_taxes(self, charged: dict[Tax, TaxAmount]) -> int:
        """What a compound tax is charged on besides the net amount: the simple taxes."""
        if not self.tax.is_compound:
            return 0
        simple = (tax for tax in charged if not tax.is_compound and tax.is_charged)
        return sum(charged[tax].tax_minor for tax in simple)

    def amounts(self, bases: list[int]) -> list[TaxAmount]:
        """The tax on the sum of the bases, and of it the share of each."""
        rate = _rate(self.tax)
        minor = round_half_up(rate * sum(bases)) if self.minor is None else self.minor
        shares = apportion(minor, [rate.numerator * base for base in bases], per=rate.denominator)
        return [
            TaxAmount(tax=self.tax, taxable_minor=base, tax_minor=share)
            for base, share in zip(bases, shares, strict=True)
        ]


def _entries(parts: Sequence[Part], nets: list[int]) -> list[_Entry]:
    """The taxes in the order in which they are computed: compound ones after the simple ones."""
    on_the_sum: dict[Tax, list[int]] = {}
    contained: dict[frozenset[Tax], list[int]] = {}
    for place, part in enumerate(parts):
        is_contained = _bears_what_it_includes(part)
        if is_contained:
            contained.setdefault(frozenset(part.included), []).append(place)
        for tax in part.taxes:
            if not is_contained or tax not in part.included:
                on_the_sum.setdefault(tax, []).append(place)
    entries = [_Entry(tax, tuple(places)) for tax, places in on_the_sum.items()]
    for taxes, places in contained.items():
        rest = sum(parts[place].amount_minor - nets[place] for place in places)
        entries += [
            _Entry(tax, tuple(places), minor) for tax, minor in _levels(taxes, rest).items()
        ]
    return sorted(entries, key=lambda entry: entry.tax.is_compound)


def _bears_what_it_includes(part: Part) -> bool:
    """Whether the taxes in the price are charged as they are there.

    A simple tax that is charged besides would raise a compound one above what is in the price.
    """
    added = _charged(part).difference(part.included)
    is_raised = any(tax.is_compound for tax in part.included) and any(
        not tax.is_compound for tax in added
    )
    return bool(part.included) and _charged(part).issuperset(part.included) and not is_raised


def _charged(part: Part) -> frozenset[Tax]:
    return frozenset(tax for tax in part.taxes if tax.is_charged)


def _nets(parts: Sequence[Part]) -> list[int]:
    """The amounts without the taxes that are in them: on the sum of each mix, then shared out.

    A mix is what is in the price and what is charged, so that who comes first in a mix gets a
    rest of a minor unit, and no tax of another mix changes by it.
    """
    nets = [part.amount_minor for part in parts]
    mixes: dict[tuple[frozenset[Tax], frozenset[Tax]], list[int]] = {}
    for place, part in enumerate(parts):
        if part.included:
            mix = frozenset(part.included), _charged(part)
            mixes.setdefault(mix, []).append(place)
    for (taxes, _), places in mixes.items():
        factor = 1 + sum(_weights(taxes).values(), Fraction(0))
        amounts = [parts[place].amount_minor for place in places]
        shares = apportion(
            round_half_up(sum(amounts) / factor),
            [amount * factor.denominator for amount in amounts],
            per=factor.numerator,
        )
        for place, share in zip(places, shares, strict=True):
            nets[place] = share
    return nets


def _levels(taxes: Iterable[Tax], minor: int) -> dict[Tax, int]:
    """A sum of taxes parted among them, as their rates on the same net amount."""
    weights = _weights(taxes)
    scale = lcm(*(weight.denominator for weight in weights.values()))
    whole = [int(weight * scale) for weight in weights.values()]
    if not any(whole):
        return dict.fromkeys(weights, 0)
    shares = apportion(minor, [minor * weight for weight in whole], per=sum(whole))
    return dict(zip(weights, shares, strict=True))


def _weights(taxes: Iterable[Tax]) -> dict[Tax, Fraction]:
    """What each tax comes to for one unit of the net amount, in an order of their own."""
    ordered = sorted(taxes, key=lambda tax: (tax.is_compound, tax.name, tax.percent))
    simple = sum((_rate(tax) for tax in ordered if not tax.is_compound), Fraction(0))
    return {tax: _rate(tax) * (1 + simple if tax.is_compound else 1) for tax in ordered}


@lru_cache(maxsize=1024)
def _rate(tax: Tax) -> Fraction:
    return Fraction(tax.percent) / 100


def _summary(amounts: Iterable[TaxAmount]) -> tuple[TaxAmount, ...]:
    rows: dict[Tax, tuple[int, int]] = {}
    for amount in amounts:
        taxable, tax = rows.get(amount.tax, (0, 0))
        rows[amount.tax] = taxable + amount.taxable_minor, tax + amount.tax_minor
    return tuple(
        TaxAmount(tax=tax, taxable_minor=taxable, tax_minor=minor)
        for tax, (taxable, minor) in rows.items()
    )
