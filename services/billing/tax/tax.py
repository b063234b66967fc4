"""A brand's tax rules, and which taxes a line for a client in some place bears by them.

Rates are found by country and state of the client, the most specific first; two levels at most,
such as a federal and a state's tax. Sources: Directive 2006/112/EC for sellers in the Union.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from services.billing.tax.places import is_member_state, iso_country, taxed_as
from services.billing.tax.tax_ids import TaxId
from services.billing.tax.taxation import Part, Tax, TaxCategory
from shared.errors import Invalid

MOST_DECIMALS = 6

REVERSE_CHARGE_NOTE = (
    "Reverse charge: VAT is to be accounted for by the recipient"
    " (Article 196 of Directive 2006/112/EC)."
)
"""What the invoice says then (Article 226(11a)), in English; the language file has the others."""

NOTES = {TaxCategory.REVERSE_CHARGE: REVERSE_CHARGE_NOTE}

INFORMATIVE_NOTE = "%(tax)s of %(rate)s is contained in the price and is not added to it."
"""What the invoice says of a tax that it tells without adding it, in English."""


class TaxMode(StrEnum):
    """Whether the brand charges tax, and whether its prices include it."""

    NONE = "none"
    INCLUSIVE = "inclusive"
    EXCLUSIVE = "exclusive"


class TaxClass(StrEnum):
    """What the law says of a product, whoever buys it."""

    STANDARD = "standard"
    REDUCED = "reduced"
    ZERO = "zero"
    EXEMPT = "exempt"


class TaxRulesContradict(Invalid):
    """The tax rules do not fit together."""


@dataclass(frozen=True, kw_only=True)
class TaxRate:
    """A tax of a place: `country` (ISO 3166-1) and `state`, each empty for all.

    `level` 1 or 2; a client bears the most specific rate of each. A compound rate is of level 2
    and is charged on the net amount with the tax of level 1. `tax_class`: standard or reduced.
    An informative rate is one of the price, told and not added, in either mode (see `Tax`).
    """

    name: str
    percent: Decimal
    country: str = ""
    state: str = ""
    level: int = 1
    tax_class: TaxClass = TaxClass.STANDARD
    is_compound: bool = False
    is_informative: bool = False


@dataclass(frozen=True, kw_only=True)
class TaxRules:
    """How a brand taxes; `seller_country` is where it is established.

    `exempting_kinds`: kinds of verified tax ids (cnpj, nip ...) whose bearers owe no tax.
    `untaxed_pay_net`: whether an exempt client, or one under reverse charge, pays an inclusive
    price less the tax that others pay in it; else the price stays and there is no tax in it.
    """

    mode: TaxMode
    seller_country: str = ""
    rates: tuple[TaxRate, ...] = ()
    exempting_kinds: frozenset[str] = frozenset()
    untaxed_pay_net: bool = True

    def __post_init__(self) -> None:
        _check(self)


@dataclass(frozen=True, kw_only=True)
class Buyer:
    """Whom the invoice is for. `tax_id` is a verified one; `is_exempt`: staff says so.

    One whose country is not known yet (empty), such as a guest, is taxed as at the seller's.
    """

    country: str
    state: str = ""
    tax_id: TaxId | None = None
    is_exempt: bool = False


def taxed_line(rules: TaxRules, buyer: Buyer, *, amount_minor: int, tax_class: TaxClass) -> Part:
    """A line of an amount as priced, with the taxes that it bears and those that its price has.

    >>> rules = TaxRules(
    ...     mode=TaxMode.INCLUSIVE,
    ...     seller_country="PL",
    ...     rates=(TaxRate(name="VAT", percent=Decimal(23), country="PL"),),
    ... )
    >>> line = taxed_line(
    ...     rules, Buyer(country="PL"), amount_minor=12300, tax_class=TaxClass.STANDARD
    ... )
    >>> line.taxes == line.included, line.taxes[0].percent
    (True, Decimal('23'))
    """
    taxes = taxes_of(rules, buyer, tax_class=tax_class)
    return Part(
        amount_minor=amount_minor,
        taxes=taxes,
        included=_included(rules, buyer, tax_class=tax_class),
    )


def taxes_of(rules: TaxRules, buyer: Buyer, *, tax_class: TaxClass) -> tuple[Tax, ...]:
    """The taxes of a line of this class for this buyer, level 1 first; none if the brand has none.

    In this order: exempt buyers, what is outside of the scope, exempt products, reverse charge,
    zero-rated products, rates.
    """
    if rules.mode is TaxMode.NONE:
        return ()
    buyer = _somewhere(rules, buyer)
    category = _untaxed(rules, buyer)
    if category is None:
        return _charged(rules, buyer, tax_class=tax_class)
    if category is TaxCategory.REVERSE_CHARGE and tax_class is TaxClass.EXEMPT:
        category = TaxCategory.EXEMPT  # where nobody owes tax, the buyer does not either
    return (_without_tax(rules, category),)


def notes_of(taxes: Iterable[Tax]) -> tuple[str, ...]:
    """What the law wants an invoice with these taxes to say, each once."""
    return tuple(dict.fromkeys(NOTES[tax.category] for tax in taxes if tax.category in NOTES))


def _untaxed(rules: TaxRules, buyer: Buyer) -> TaxCategory | None:
    """Why nothing that this buyer buys is taxed, if so."""
    if buyer.is_exempt:
        return TaxCategory.EXEMPT
    if buyer.tax_id and buyer.tax_id.kind in rules.exempting_kinds:
        return TaxCategory.EXEMPT
    if is_reverse_charged(rules, buyer):
        return TaxCategory.REVERSE_CHARGE
    return None if _rates_of_place(rules, buyer) else TaxCategory.OUTSIDE_SCOPE


def is_reverse_charged(rules: TaxRules, buyer: Buyer) -> bool:
    """Whether the buyer owes the VAT: a business of another member state (Articles 44, 196).

    It is known by a VAT number of the member state where it is; one of elsewhere proves nothing.
    """
    seller, place = taxed_as(rules.seller_country), taxed_as(buyer.country)
    return (
        is_member_state(seller)
        and is_member_state(place)
        and seller != place
        and buyer.tax_id is not None
        and buyer.tax_id.is_of_member_state
        and buyer.tax_id.country == place
    )


def _rates_of_place(rules: TaxRules, buyer: Buyer) -> list[TaxRate]:
    """The rates that name the buyer's place, or hold everywhere.

    From a seller in the Union, a service to a country outside is outside the scope (Articles 44,
    59) unless a rate names that country; one to a consumer in a member state that no rate names
    is taxed where the seller is (Article 59c).
    """
    named = [rate for rate in rules.rates if rate.country and _matches(rate, buyer)]
    everywhere = [rate for rate in rules.rates if not rate.country]
    if named or not is_member_state(rules.seller_country):
        return named + everywhere
    if not is_member_state(buyer.country):
        return []
    return everywhere or [rate for rate in rules.rates if _matches(rate, _home(rules))]


def _home(rules: TaxRules) -> Buyer:
    return Buyer(country=rules.seller_country)


def _matches(rate: TaxRate, buyer: Buyer) -> bool:
    country, state = _place(rate.country, rate.state)
    its_country, its_state = _place(taxed_as(buyer.country), buyer.state)
    return country in {iso_country(buyer.country), its_country} and state in {"", its_state}


def _place(country: str, state: str) -> tuple[str, str]:
    return iso_country(country), " ".join(state.split()).casefold()


def _charged(rules: TaxRules, buyer: Buyer, *, tax_class: TaxClass) -> tuple[Tax, ...]:
    match tax_class:
        case TaxClass.ZERO:
            return (_without_tax(rules, TaxCategory.ZERO),)
        case TaxClass.EXEMPT:
            return (_without_tax(rules, TaxCategory.EXEMPT),)
    candidates = _rates_of_place(rules, buyer)
    levels = (_most_specific(candidates, level=level, tax_class=tax_class) for level in (1, 2))
    return tuple(_as_tax(rate) for rate in levels if rate)


def _most_specific(rates: list[TaxRate], *, level: int, tax_class: TaxClass) -> TaxRate | None:
    """State before country before everywhere; a class without a rate of its own bears the usual."""
    of_level = [rate for rate in rates if rate.level == level]
    of_class = [rate for rate in of_level if rate.tax_class is tax_class]
    usual = [rate for rate in of_level if rate.tax_class is TaxClass.STANDARD]
    return max(
        of_class or usual, key=lambda rate: (rate.state != "", rate.country != ""), default=None
    )


def _as_tax(rate: TaxRate) -> Tax:
    category = TaxCategory.STANDARD if rate.percent else TaxCategory.ZERO
    return Tax(
        name=rate.name,
        percent=rate.percent,
        category=category,
        is_compound=rate.is_compound,
        is_informative=rate.is_informative,
    )


def _included(rules: TaxRules, buyer: Buyer, *, tax_class: TaxClass) -> tuple[Tax, ...]:
    """The taxes that a price has in it: what others at the buyer's place, or at home, pay."""
    if rules.mode is not TaxMode.INCLUSIVE:
        return ()
    buyer = _somewhere(rules, buyer)
    if _untaxed(rules, buyer) and not rules.untaxed_pay_net:
        return ()
    place = buyer if _rates_of_place(rules, buyer) else _home(rules)
    taxes = _charged(rules, place, tax_class=tax_class)
    return tuple(tax for tax in taxes if not tax.is_informative)


def _somewhere(rules: TaxRules, buyer: Buyer) -> Buyer:
    return buyer if buyer.country else replace(buyer, country=rules.seller_country)


def _without_tax(rules: TaxRules, category: TaxCategory) -> Tax:
    """A row of nothing, under the name that the tax has at the seller's."""
    named = [rate for rate in rules.rates if rate.level == 1]
    at_home = [rate for rate in named if _matches(rate, _home(rules))]
    name = (at_home or named)[0].name if named else "VAT"
    return Tax(name=name, percent=Decimal(0), category=category)


def _check(rules: TaxRules) -> None:
    """Raise TaxRulesContradict with the first rate that cannot be, counted from 0."""
    if rules.mode is not TaxMode.NONE and len(iso_country(rules.seller_country)) != 2:
        raise TaxRulesContradict(field="seller_country")
    seen: set[tuple[int, str, str, TaxClass]] = set()
    for place, rate in enumerate(rules.rates):
        key = (rate.level, *_place(rate.country, rate.state), rate.tax_class)
        if reason := _reason_against(rate, is_double=key in seen):
            raise TaxRulesContradict(field=f"rates.{place}", reason=reason)
        seen.add(key)
    first, second = ({rate.name for rate in rules.rates if rate.level == n} for n in (1, 2))
    if first & second:
        raise TaxRulesContradict(field="rates", reason="the taxes of two levels have two names")


def _reason_against(rate: TaxRate, *, is_double: bool) -> str:
    if not (rate.percent.is_finite() and 0 <= rate.percent <= 100):
        return "the percent is from 0 to 100"
    if rate.percent != round(rate.percent, MOST_DECIMALS):
        return f"the percent has at most {MOST_DECIMALS} decimals"
    if rate.level not in {1, 2}:
        return "the level is 1 or 2"
    if rate.is_compound and rate.level == 1:
        return "a compound rate is of level 2"
    if rate.is_compound and rate.is_informative:
        return "a rate of the price is not one of the price and a tax"
    if rate.state and not rate.country:
        return "a state belongs to a country"
    if rate.tax_class not in {TaxClass.STANDARD, TaxClass.REDUCED}:
        return "only the classes standard and reduced have rates"
    return "another rate has the same level, place and class" if is_double else ""
