"""Domain events to stored JSON and back, typed and through the library's Mapper.

Each event class gets a msgspec struct of its own fields, so reading gives real UUIDs, dates and
value objects. `Personal` fields are encrypted under the key that the mapper was made with.
"""

import dataclasses
from datetime import datetime
from functools import cache
from typing import Any, get_type_hints
from uuid import UUID

import msgspec
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent
from eventsourcing.utils import get_topic, resolve_topic

from shared.errors import EventTooLarge
from shared.personal import Cipher, decrypt, personal_fields

MAX_EVENT_BYTES = 64 * 1024
_UNUSED = JSONTranscoder()
"""What the library's mapper wants to be made with; ours needs none."""


def encode_bounded(content: Any) -> bytes:
    """`content` as JSON of at most 64 KiB, else `EventTooLarge`."""
    data = msgspec.json.encode(content)
    if len(data) > MAX_EVENT_BYTES:
        raise EventTooLarge(size_bytes=len(data))
    return data


class TypedMapper(Mapper[UUID]):
    """Maps the events of one aggregate with its account's `key`; `recorded_at` stamps them.

    `cipher` is the key's own, for who encrypts more under it than the events.
    """

    def __init__(
        self,
        *,
        key: bytes | None = None,
        cipher: Cipher | None = None,
        recorded_at: datetime | None = None,
    ) -> None:
        super().__init__(transcoder=_UNUSED)
        self._key = key
        self._cipher = cipher or (Cipher(key) if key else None)
        self._recorded_at = recorded_at

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> StoredEvent:
        """The event with its state as JSON; an event with personal fields needs the key."""
        return StoredEvent(
            originator_id=domain_event.originator_id,
            originator_version=domain_event.originator_version,
            topic=get_topic(type(domain_event)),
            state=self.to_state(domain_event),
        )

    def to_state(self, domain_event: DomainEventProtocol[UUID]) -> bytes:
        """The state of `to_stored_event` alone."""
        cls = type(domain_event)
        state = dict(vars(domain_event))
        del state["originator_id"], state["originator_version"]
        if self._recorded_at is not None:
            state["timestamp"] = self._recorded_at
        if class_version(cls) > 1:
            state["class_version"] = class_version(cls)
        for name in personal_fields(cls):
            if state[name] is not None:
                assert self._cipher, f"{cls.__name__}.{name} is personal and has no key"
                state[name] = self._cipher.encrypted(state[name])
        return encode_bounded(state)

    def to_domain_event(self, stored_event: StoredEvent) -> DomainEventProtocol[UUID]:
        """The event as its class is today: older versions are upcast step by step first."""
        cls = resolve_topic(stored_event.topic)
        raw = stored_event.state
        if class_version(cls) > 1:
            raw = msgspec.json.encode(_upcast(cls, msgspec.json.decode(raw)))
        state = msgspec.structs.asdict(_decoder(cls).decode(raw))
        for name in personal_fields(cls):
            if state[name] is not None:
                state[name] = decrypt(state[name], self._key)
        state["originator_id"] = stored_event.originator_id
        state["originator_version"] = stored_event.originator_version
        domain_event: DomainEventProtocol[UUID] = object.__new__(cls)
        object.__setattr__(domain_event, "__dict__", state)
        return domain_event


def has_personal_fields(domain_event: DomainEventProtocol[UUID]) -> bool:
    """Whether storing the event needs a key."""
    return bool(personal_fields(type(domain_event)))


def class_version(cls: type[Any]) -> int:
    """The version of an event class, 1 unless it says otherwise."""
    version: int = getattr(cls, "class_version", 1)
    return version


def _upcast(cls: type[Any], state: dict[str, Any]) -> dict[str, Any]:
    for version in range(state.pop("class_version", 1), class_version(cls)):
        getattr(cls, f"upcast_v{version}_v{version + 1}")(state)
    return state


@cache
def _decoder(cls: type[Any]) -> msgspec.json.Decoder[Any]:
    hints = get_type_hints(cls, include_extras=True)
    known_elsewhere = {"originator_id", "originator_version"}
    fields = [
        _struct_field(field, hints[field.name])
        for field in dataclasses.fields(cls)
        if field.name not in known_elsewhere
    ]
    return msgspec.json.Decoder(msgspec.defstruct(cls.__name__, fields, kw_only=True))


def _struct_field(field: "dataclasses.Field[Any]", hint: Any) -> Any:
    if field.default is not dataclasses.MISSING:
        return (field.name, hint, field.default)
    if field.default_factory is not dataclasses.MISSING:
        return (field.name, hint, msgspec.field(default_factory=field.default_factory))
    return (field.name, hint)
