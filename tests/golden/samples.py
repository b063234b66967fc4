"""One sample of every event that the platform stores or publishes, made from its types."""

import dataclasses
import enum
import importlib
import pkgutil
import types
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import (
    Annotated,
    Any,
    Literal,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)
from uuid import UUID

import msgspec
from eventsourcing.domain import Aggregate, CanMutateAggregate

import services
from shared.codec import TypedMapper, class_version
from shared.contracts.event import REGISTRY, PublicEvent
from shared.envelope import encode_public
from shared.personal import Cipher, personal_fields

KEY = bytes(range(32))
ID = UUID("01939000-0000-7000-8000-000000000007")
AT = datetime(2026, 1, 31, 12, 30, 15, 123456, tzinfo=UTC)
_PLAIN: dict[Any, Any] = {
    str: "Ação ✓",
    Any: "Ação ✓",
    int: 1250,
    bool: True,
    Decimal: Decimal("12.50"),
    UUID: ID,
    date: AT.date(),
    datetime: AT,
}

DomainEventClass = type[CanMutateAggregate[UUID]]


@dataclasses.dataclass(frozen=True)
class Golden:
    """A line of a golden file: `name` is the topic of a stored event, the type of a public one."""

    name: str
    version: int
    data: dict[str, Any]


def domain_events(service: str) -> list[DomainEventClass]:
    """Every event class of the service's aggregates that may be stored."""
    package = importlib.import_module(f"services.{service}")
    for module in pkgutil.walk_packages(package.__path__, f"services.{service}."):
        importlib.import_module(module.name)
    aggregates = [cls for cls in _below(Aggregate) if cls.__module__.startswith(package.__name__)]
    found = [
        member
        for cls in aggregates
        for name, member in vars(cls).items()
        if name != "Event" and isinstance(member, type) and issubclass(member, CanMutateAggregate)
    ]
    return sorted(found, key=lambda cls: str(cls.TOPIC))  # type: ignore[attr-defined]


def public_events(service: str) -> list[type[PublicEvent]]:
    """Every event class that the service publishes."""
    found = [cls for (source, _), cls in REGISTRY.items() if source == service]
    return sorted(found, key=lambda cls: cls.__name__)


def service_names() -> list[str]:
    """The services of the platform."""
    return sorted(module.name for module in pkgutil.iter_modules(services.__path__))


def stored(cls: DomainEventClass) -> Golden:
    """A sample as it stands in the table `events` today, personal fields under `KEY`."""
    hints = get_type_hints(cls, include_extras=True)
    event = object.__new__(cls)
    fields = {f.name: sample_of(hints[f.name]) for f in dataclasses.fields(cast(Any, cls))}
    event.__dict__.update({**fields, "originator_id": ID, "originator_version": 1})
    row = TypedMapper(key=KEY).to_stored_event(event)
    return Golden(row.topic, class_version(cls), msgspec.json.decode(row.state))


def published(cls: type[PublicEvent]) -> Golden:
    """A sample as it stands in the log today, personal fields under `KEY`."""
    hints = get_type_hints(cls, include_extras=True)
    event = cls(**{name: sample_of(hints[name]) for name in cls.__struct_fields__})
    data = msgspec.json.encode(encode_public(event, Cipher(KEY) if personal_fields(cls) else None))
    return Golden(cls.__name__, cls.VERSION, msgspec.json.decode(data))


def sample_of(hint: Any) -> Any:
    """A value of the type; a `TypeError` for one that no sample is known for."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint in _PLAIN:
        return _PLAIN[hint]
    if origin is Annotated or (origin in (Union, types.UnionType)):
        return sample_of(arguments[0])
    if origin is Literal:
        return arguments[0]
    if origin in (list, tuple, set, frozenset):
        return origin(sample_of(each) for each in arguments if each is not ...)
    if origin is dict:
        return {sample_of(arguments[0]): sample_of(arguments[1])}
    if isinstance(hint, TypeVar):
        return _PLAIN[UUID]
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return next(iter(hint))
    if dataclasses.is_dataclass(hint) or (
        isinstance(hint, type) and issubclass(hint, msgspec.Struct)
    ):
        hints = get_type_hints(hint, include_extras=True)
        made_of = cast(Any, hint)
        return made_of(**{name: sample_of(each) for name, each in hints.items()})
    raise TypeError(f"no sample of {hint}")


def _below(cls: type[Any]) -> list[type[Any]]:
    direct = cls.__subclasses__()
    return direct + [each for child in direct for each in _below(child)]
