"""Countries as tax law sees them: who is in the European Union's VAT area, under which prefix."""

MEMBER_STATES = frozenset(
    {"AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE"}
    | {"IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"}
)
"""ISO 3166-1 codes of the member states, whose VAT law is Directive 2006/112/EC."""

SPELLINGS = {"EL": "GR", "UK": "GB"}
"""What people write -> ISO 3166-1. The Union says EL for Greece, the British say UK."""

TREATED_AS = {"MC": "FR", "IM": "GB"}
"""Places whose transactions count as those of another country: Directive 2006/112/EC, Article 7."""

VAT_PREFIXES = {"GR": "EL"}
"""ISO code -> the prefix of its VAT numbers, where they differ (Article 215)."""


def iso_country(text: str) -> str:
    """The two capital letters of ISO 3166-1 for a country code as people write it.

    >>> iso_country(" el "), iso_country("de")
    ('GR', 'DE')
    """
    code = text.strip().upper()
    return SPELLINGS.get(code, code)


def taxed_as(country: str) -> str:
    """The country whose VAT law governs `country`: its own, or that of Article 7.

    Parts of member states outside the VAT area (Canary Islands, Åland) are told apart by their
    state, which a brand's rates may name.

    >>> taxed_as("MC"), taxed_as("FR")
    ('FR', 'FR')
    """
    code = iso_country(country)
    return TREATED_AS.get(code, code)


def is_member_state(country: str) -> bool:
    """Whether a supply in `country` falls under the VAT law of the Union.

    Northern Ireland (XI) belongs to it for goods alone; what is sold here are services.
    """
    return taxed_as(country) in MEMBER_STATES
