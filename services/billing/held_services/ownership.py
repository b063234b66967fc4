"""Whose service it is: what every command of a client or of staff asks first."""

from typing import Protocol
from uuid import UUID

from services.billing.held_services.held_service import HeldService
from shared.errors import NotFound
from shared.store import Transaction


class AboutService(Protocol):
    """What names a service, who asks, and the version that was read. `account_id` None: staff."""

    @property
    def service_id(self) -> UUID: ...
    @property
    def account_id(self) -> UUID | None: ...
    @property
    def expected_version(self) -> int | None: ...


async def owned_service(command: AboutService, tx: Transaction) -> HeldService:
    """The service. `NotFound` for another account's, `Stale` if it has moved on."""
    service = await tx.load(
        HeldService, command.service_id, expected_version=command.expected_version
    )
    if command.account_id not in {None, service.account_id}:
        raise NotFound()
    return service
