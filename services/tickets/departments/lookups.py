"""Reading the view of departments."""

from dataclasses import dataclass

import msgspec

from shared.database import Reads
from shared.errors import Invalid


class DepartmentUnknown(Invalid):
    """The brand has no such department."""


@dataclass(frozen=True, kw_only=True)
class Department:
    """Name and description by language."""

    id: str
    name: dict[str, str]
    description: dict[str, str]


async def departments_of(db: Reads, brand: str) -> list[Department]:
    """The brand's departments in the order of its settings."""
    rows = await db.fetch(
        "select id, name, description from department where brand = $1 order by place", brand
    )
    return [
        Department(
            id=row["id"],
            name=msgspec.json.decode(row["name"], type=dict[str, str]),
            description=msgspec.json.decode(row["description"], type=dict[str, str]),
        )
        for row in rows
    ]


async def check_department(db: Reads, *, brand: str, department: str) -> None:
    """`DepartmentUnknown` unless the brand has it."""
    if not await db.fetchval(
        "select true from department where brand = $1 and id = $2", brand, department
    ):
        raise DepartmentUnknown()


async def signature_of(db: Reads, brand: str) -> str:
    """How the brand's staff sign their answers; the slug until its settings have arrived."""
    found = await db.fetchval("select signature from brand_signature where brand = $1", brand)
    return str(found or brand)
