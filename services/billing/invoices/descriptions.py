"""The words on invoice lines, in the account's language."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from shared.i18n import Catalogues

_CATALOGUES = Catalogues(Path(__file__).parents[1] / "locale")


@dataclass(frozen=True, kw_only=True)
class Sold:
    """What a line is about; `product_name` by language tag."""

    product_name: Mapping[str, str]
    domain: str
    cycle: str


def describe_new(sold: Sold, language: str) -> str:
    """The first period of an ordered service; its days are not known before it is paid.

    >>> describe_new(Sold(product_name={"en": "Start"}, domain="a.com", cycle="monthly"), "en")
    'Start – a.com (monthly)'
    """
    cycle = _CATALOGUES.for_language(language).gettext(sold.cycle)
    return f"{in_language(sold.product_name, language)} – {sold.domain} ({cycle})"


def describe_setup(sold: Sold, language: str) -> str:
    """The fee that is paid once, with the first period."""
    return _CATALOGUES.for_language(language).gettext(
        "Set-up: %(product)s – %(domain)s",
        product=in_language(sold.product_name, language),
        domain=sold.domain,
    )


def describe_renewal(sold: Sold, language: str, *, period_start: date, period_end: date) -> str:
    """A period with its first and its last day; `period_end` is the day after the last.

    >>> sold = Sold(product_name={"pt-BR": "Início"}, domain="a.com", cycle="monthly")
    >>> describe_renewal(
    ...     sold, "pt-BR", period_start=date(2026, 1, 31), period_end=date(2026, 2, 28)
    ... )
    'Início – a.com (31/01/2026 – 27/02/2026)'
    """
    words = _CATALOGUES.for_language(language)
    first, last = words.day(period_start), words.day(period_end - timedelta(days=1))
    return f"{in_language(sold.product_name, language)} – {sold.domain} ({first} – {last})"


def describe_late_fee(invoice_number: str, language: str) -> str:
    """What being late with an invoice costs.

    >>> describe_late_fee("PON-2026-000001", "pt-BR")
    'Multa por atraso: fatura PON-2026-000001'
    """
    return _CATALOGUES.for_language(language).gettext(
        "Late fee: invoice %(number)s", number=invoice_number
    )


def in_language(texts: Mapping[str, str], language: str) -> str:
    """The text in `language`, else in one of the same primary language, else the first there is.

    >>> in_language({"pt-BR": "Início", "en": "Start"}, "pt-PT")
    'Início'
    """
    if language in texts:
        return texts[language]
    primary = language.partition("-")[0]
    alike = (text for tag, text in texts.items() if tag.partition("-")[0] == primary)
    return next(alike, next(iter(texts.values())))
