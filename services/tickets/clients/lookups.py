"""Reading what is known of a client."""

from uuid import UUID

from shared.database import Reads
from shared.errors import NotFound, Unavailable


class ClientNotKnownYet(Unavailable):
    """The account's data have not arrived here yet; try again in a moment."""


class ServiceUnknown(NotFound):
    """The account holds no such service."""


async def name_of(db: Reads, account_id: UUID) -> str:
    """The name that the account's messages are signed with."""
    name = await db.fetchval("select name from client_name where account_id = $1", account_id)
    if name is None:
        raise ClientNotKnownYet()
    return str(name)


async def check_own_service(db: Reads, *, account_id: UUID, service_id: UUID | None) -> None:
    """`ServiceUnknown` unless the account holds it; no service at all is fine."""
    if service_id is None:
        return
    if not await db.fetchval(
        "select true from held_service where service_id = $1 and account_id = $2",
        service_id,
        account_id,
    ):
        raise ServiceUnknown()
