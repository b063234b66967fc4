"""The countries that a form offers, named in the reader's language."""

from functools import cache

from babel import Locale

NO_COUNTRIES = frozenset({"EU", "EZ", "UN", "QO", "ZZ", "XA", "XB", "AC", "CP", "CQ", "DG", "EA",
                          "IC", "TA"})  # fmt: skip


@cache
def countries(locale: str) -> tuple[tuple[str, str], ...]:
    """(ISO 3166-1 alpha-2 code, name) by name; the country of the locale itself comes first."""
    parsed = Locale.parse(locale)
    named = [
        (code, str(name))
        for code, name in parsed.territories.items()
        if len(code) == 2 and code.isalpha() and code not in NO_COUNTRIES
    ]
    own = parsed.territory
    return tuple(sorted(named, key=lambda each: (each[0] != own, each[1])))
