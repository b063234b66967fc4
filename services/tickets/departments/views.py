"""Where a ticket of a brand can go."""

import msgspec

from shared.consumers import Envelope, Rows, View
from shared.contracts import events_of
from shared.contracts.billing import BrandConfigured

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


def apply(envelope: Envelope, rows: Rows) -> None:
    """Keep the brand's departments, and its name for answers, as they are from now on."""
    match envelope.event:
        case BrandConfigured() as configured:
            rows.delete("department", where={"brand": envelope.brand})
            for place, department in enumerate(configured.departments, start=1):
                rows.insert(
                    "department",
                    brand=envelope.brand,
                    id=department.id,
                    place=place,
                    name=_json(department.name),
                    description=_json(department.description),
                )
            rows.upsert("brand_signature", brand=envelope.brand, signature=configured.sender_name)


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
