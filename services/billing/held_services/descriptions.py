"""The words on the lines that services bring, in the account's language."""

from datetime import date, timedelta
from pathlib import Path

from services.billing.catalogue.terms import ChosenOption
from services.billing.held_services.terms import ServiceTerms
from services.billing.invoices.descriptions import in_language
from shared.i18n import Catalogues

_CATALOGUES = Catalogues(Path(__file__).parents[1] / "locale")


def describe_option(option: ChosenOption, language: str) -> str:
    """An option with its value, or with its quantity.

    >>> describe_option(ChosenOption(
    ...     option="memory", name={"en": "Memory"}, value_name={"en": "4 GB"}, recurring_minor=900
    ... ), "en")
    'Memory: 4 GB'
    """
    name = in_language(option.name, language)
    value = in_language(option.value_name, language) if option.value_name else option.quantity
    return f"{name}: {value}"


def describe_discount(codes: str, language: str) -> str:
    """What the promotions with these codes take off.

    >>> describe_discount("WELCOME25", "pt-BR")
    'Desconto: WELCOME25'
    """
    return _CATALOGUES.for_language(language).gettext("Discount: %(codes)s", codes=codes)


def describe_unused(terms: ServiceTerms, language: str, *, since: date, until: date) -> str:
    """What is given back for the time that a plan is not used; `until` is the day after."""
    words = _CATALOGUES.for_language(language)
    return words.gettext(
        "Not used: %(product)s – %(domain)s (%(first)s – %(last)s)",
        product=in_language(terms.product_name, language),
        domain=terms.domain,
        first=words.day(since),
        last=words.day(until - timedelta(days=1)),
    )


def describe_change(terms: ServiceTerms, language: str, *, since: date, until: date | None) -> str:
    """The new terms for the rest of the time that is paid for; `until` is the day after."""
    words = _CATALOGUES.for_language(language)
    product = in_language(terms.product_name, language)
    if until is None:
        return f"{product} – {terms.domain} ({words.gettext(terms.cycle)})"
    first, last = words.day(since), words.day(until - timedelta(days=1))
    return f"{product} – {terms.domain} ({first} – {last})"


def describe_reactivation(terms: ServiceTerms, language: str) -> str:
    """The fee for running a service again that was suspended for debt."""
    return _CATALOGUES.for_language(language).gettext(
        "Reactivation: %(product)s – %(domain)s",
        product=in_language(terms.product_name, language),
        domain=terms.domain,
    )
