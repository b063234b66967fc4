"""What leaves the portal: nothing. It owns no truth, so it has nothing to publish."""

from typing import Any

from shared.contracts import PublicEvent
from shared.store import DomainEvent


def publish(event: DomainEvent, aggregate: Any) -> PublicEvent | None:
    """No event of the portal's own exists."""
    return None
