"""A try to collect an invoice without being asked."""

from dataclasses import dataclass
from uuid import UUID, uuid5


@dataclass(frozen=True, kw_only=True)
class Collection:
    """An invoice that is due to be collected; `key` tells this try from the others."""

    account_id: UUID
    brand: str
    invoice_id: UUID
    key: str

    @property
    def payment_id(self) -> UUID:
        """The attempt's, the same however often this try is begun."""
        return uuid5(self.invoice_id, f"collection:{self.key}")
