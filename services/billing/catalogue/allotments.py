"""What there is only so much of: a stock, the uses of a promotion. Nothing is given out twice.

Each allotment is a row; taking is one statement that changes it only within its limit, so that of
any number at once exactly as many succeed as there is room for. The row stays locked until the
command commits: take before numbers of documents are drawn, and all at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from shared.database import Reads
from shared.errors import Conflict
from shared.store import Transaction


class OutOfStock(Conflict):
    """There are not as many left as were asked for."""


@dataclass(frozen=True, kw_only=True)
class Take:
    """So many of an allotment; `cap` is its limit as of now, None: it is only counted.

    `refusal` is what is raised when the limit does not allow it.
    """

    name: str
    count: int
    cap: int | None
    refusal: type[Conflict] = OutOfStock


def stock_name(product_id: UUID) -> str:
    """The allotment of a product's stock."""
    return f"stock/{product_id}"


async def take(tx: Transaction, takes: Sequence[Take]) -> None:
    """All or none; part of the command's transaction. The refusal of the first that has no room.

    They are locked in the order of their names, so that two commands never wait for each other.
    """
    db = await tx.begin()
    for each in sorted(takes, key=lambda each: each.name):
        assert each.count > 0, "nothing is no take"
        taken = await db.fetchval(
            """insert into allotment as a (name, taken)
               select $1::text, $2::bigint where $3::bigint is null or $2 <= $3
               on conflict (name) do update set taken = a.taken + excluded.taken
               where $3::bigint is null or a.taken + excluded.taken <= $3
               returning taken""",
            each.name,
            each.count,
            each.cap,
        )
        if taken is None:
            raise each.refusal(asked=each.count, limit=each.cap)


async def give_back(tx: Transaction, name: str, *, count: int) -> None:
    """So many are free again. The caller sees to it that they were taken, and gives them once."""
    db = await tx.begin()
    await db.execute(
        "update allotment set taken = taken - $2 where name = $1 and taken >= $2", name, count
    )


async def taken_of(db: Reads, names: Sequence[str]) -> dict[str, int]:
    """How many are taken, by name; a name that nobody took from is left out."""
    rows = await db.fetch("select name, taken from allotment where name = any($1)", list(names))
    return {row["name"]: row["taken"] for row in rows}
