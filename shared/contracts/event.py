"""The base of every public event and the registry that finds an event's class by name and version.

A public event is the contract between services: its class name is the CloudEvents type, the NATS
subject token and the name of its JSON Schema in docs/events. Account, brand and instant travel in
the envelope, not in the event.
"""

from typing import ClassVar

import msgspec

REGISTRY: dict[tuple[str, str], type["PublicEvent"]] = {}
"""(source service, event name) -> class."""


class PublicEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A fact that a service publishes; subclasses are declared in its module or package here.

    Within a version, fields may only be added, with a default; any other change is a new VERSION.
    """

    VERSION: ClassVar[int] = 1

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__()
        source = source_of(cls)
        known = REGISTRY.setdefault((source, cls.__name__), cls)
        # msgspec builds a struct class twice when it adds slots; only a foreign class is a clash.
        assert known.__module__ == cls.__module__, f"{cls.__name__} is published twice by {source}"
        REGISTRY[source, cls.__name__] = cls


def source_of(cls: type[PublicEvent]) -> str:
    """The service that publishes the event: the name of its module or package here."""
    return cls.__module__.removeprefix(f"{__package__}.").partition(".")[0]


def events_of(source: str) -> frozenset[type[PublicEvent]]:
    """Every event class that `source` publishes."""
    return frozenset(cls for (service, _), cls in REGISTRY.items() if service == source)
