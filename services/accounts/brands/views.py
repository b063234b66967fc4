"""What accounts must know of a brand: that it exists, its name and its languages."""

from shared.consumers import Envelope, Rows, View
from shared.contracts import events_of
from shared.contracts.billing import BrandConfigured

TABLES = """
create table brand (
    slug text primary key,
    name text not null,
    languages text[] not null,
    default_language text not null
);
"""
HANDLES = frozenset({BrandConfigured})
IGNORED = events_of("billing") - HANDLES


def apply(envelope: Envelope, rows: Rows) -> None:
    """Keep the brand as it is from now on."""
    match envelope.event:
        case BrandConfigured() as configured:
            rows.upsert(
                "brand",
                slug=envelope.brand,
                name=configured.name,
                languages=configured.languages,
                default_language=configured.default_language,
            )


brand_view = View(
    name="brand",
    sources=("billing",),
    tables=TABLES,
    apply=apply,
    handles=HANDLES,
    ignored=IGNORED,
)
