"""The public events of each service: the one thing that services know of each other."""

from shared.contracts import accounts, billing, notifications, tickets
from shared.contracts.event import REGISTRY, PublicEvent, events_of, source_of

SOURCES = ("accounts", "billing", "notifications", "tickets")
"""The services that publish; each owns the NATS stream of its name in capitals."""

__all__ = [
    "REGISTRY",
    "SOURCES",
    "PublicEvent",
    "accounts",
    "billing",
    "events_of",
    "notifications",
    "source_of",
    "tickets",
]
