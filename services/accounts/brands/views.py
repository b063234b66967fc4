"""What accounts must know of a brand: that it exists, its name and its languages."""

from shared.consumers import Envelope, View
from shared.contracts import events_of
from shared.contracts.billing import BrandConfigured
from shared.database import Connection

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


async def apply(envelope: Envelope, db: Connection) -> None:
    """Keep the brand as it is from now on."""
    match envelope.event:
        case BrandConfigured() as configured:
            await db.execute(
                """insert into brand (slug, name, languages, default_language)
                   values ($1, $2, $3, $4)
                   on conflict (slug) do update
                   set name = excluded.name, languages = excluded.languages,
                       default_language = excluded.default_language""",
                envelope.brand,
                configured.name,
                configured.languages,
                configured.default_language,
            )


brand_view = View(
    name="brand",
    sources=("billing",),
    tables=TABLES,
    apply=apply,
    handles=HANDLES,
    ignored=IGNORED,
)
