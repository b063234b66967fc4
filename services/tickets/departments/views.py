"""Where a ticket of a brand can go."""

from typing import Any

import msgspec

from shared.consumers import Envelope, View
from shared.contracts import events_of
from shared.contracts.billing import BrandConfigured
from shared.database import Connection

TABLES = """
create table department (
    brand text,
    id text,
    place integer not null,
    name jsonb not null,
    description jsonb not null,
    primary key (brand, id)
);
create table brand_signature (
    brand text primary key,
    signature text not null
);
"""
HANDLES = frozenset({BrandConfigured})
IGNORED = events_of("billing") - HANDLES


async def apply(envelope: Envelope, db: Connection) -> None:
    """Keep the brand's departments, and its name for answers, as they are from now on."""
    match envelope.event:
        case BrandConfigured() as configured:
            await db.execute("delete from department where brand = $1", envelope.brand)
            await db.executemany(
                """insert into department (brand, id, place, name, description)
                   values ($1, $2, $3, $4, $5)""",
                _rows(envelope.brand, configured),
            )
            await db.execute(
                """insert into brand_signature (brand, signature) values ($1, $2)
                   on conflict (brand) do update set signature = excluded.signature""",
                envelope.brand,
                configured.sender_name,
            )


def _rows(brand: str, configured: BrandConfigured) -> list[tuple[Any, ...]]:
    return [
        (brand, department.id, place, _json(department.name), _json(department.description))
        for place, department in enumerate(configured.departments, start=1)
    ]


def _json(texts: dict[str, str]) -> str:
    return msgspec.json.encode(texts).decode()


department_view = View(
    name="department",
    sources=("billing",),
    tables=TABLES,
    apply=apply,
    handles=HANDLES,
    ignored=IGNORED,
)
