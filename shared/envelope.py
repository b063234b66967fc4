"""A public event on its way: the row of the log, the message on the bus, the envelope that is read.

The hash chain of a partition: hash = sha256(hash before || envelope || newline || data), where the
envelope is its eight fields joined by newlines and the data are the exact published bytes.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any
from uuid import UUID

import msgspec

from shared.contracts.event import REGISTRY, PublicEvent
from shared.keyring import Keyring
from shared.personal import Cipher, decrypt, personal_fields

PARTITIONS = 64
FIRST_HASH = bytes(32)
_INSTANT = len("2026-01-31T12:00:00.000000Z")
_NO_LINE_BREAKS = str.maketrans("\r\n", "  ")


class UnknownEvent(Exception):
    """This version of the program does not know the event's type or its version."""


class Record(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A row of a service's public log. `data` is JSON text with personal fields encrypted.

    What is worked out of a record (its sealed bytes, its readable form) is kept with it, so that
    the many consumers of a service share one working out.
    """

    source: str
    partition: int
    position: int
    id: UUID
    type: str
    version: int
    account_id: UUID | None
    brand: str
    occurred_at: datetime
    actor: str
    causation_id: UUID | None
    correlation_id: UUID
    traceparent: str
    data: str
    hash: str


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """What a consumer is given: the event, readable, and where it comes from."""

    source: str
    partition: int
    position: int
    id: UUID
    type: str
    version: int
    account_id: UUID | None
    brand: str
    occurred_at: datetime
    actor: str
    causation_id: UUID | None
    correlation_id: UUID
    traceparent: str
    event: PublicEvent

    @property
    def account(self) -> UUID:
        """The account of an event that has one."""
        assert self.account_id is not None, f"{self.type} belongs to an account"
        return self.account_id


@lru_cache(maxsize=4096)
def partition_of(account_id: UUID | None, brand: str) -> int:
    """Where the account's events go (those without an account: the brand's); fixed for ever."""
    key = account_id.bytes if account_id else brand.encode()
    return int.from_bytes(hashlib.sha256(key).digest()[:8]) % PARTITIONS


def sealed_bytes(record: Record) -> bytes:
    """What the hash chain covers besides the hash before."""
    sealed: bytes | None = record.__dict__.get("sealed")
    if sealed is None:
        sealed = record.__dict__["sealed"] = _seal(record)
    return sealed


def _seal(record: Record) -> bytes:
    at: str = msgspec.to_builtins(record.occurred_at)
    if len(at) != _INSTANT or at[-1] != "Z":  # another zone, or a whole second
        utc = record.occurred_at.astimezone(UTC)
        at = f"{utc.isoformat(timespec='microseconds')[:26]}Z"
    return (
        f"{record.id}\n{record.type}\n{record.version}\n{record.account_id or ''}\n{record.brand}"
        f"\n{at}\n{record.actor}"
        f"\n{record.causation_id or ''}\n{record.data}"
    ).encode()


def chained_hash(before: bytes, record: Record) -> bytes:
    """The hash that belongs to `record` when the one before it is `before`.

    Worked out once a record for each hash before it, of which all consumers know the same.
    """
    chained: tuple[bytes, bytes] | None = record.__dict__.get("chained")
    if chained is None or chained[0] != before:
        digest = hashlib.sha256(before + sealed_bytes(record)).digest()
        chained = record.__dict__["chained"] = (before, digest)
    return chained[1]


def encode_public(event: PublicEvent, cipher: Cipher | None) -> dict[str, Any]:
    """The event's fields for JSON, the personal ones encrypted."""
    fields: dict[str, Any] = msgspec.structs.asdict(event)
    for name in personal_fields(type(event)):
        assert cipher is not None, f"{type(event).__name__}.{name} is personal and has no key"
        fields[name] = cipher.encrypted(fields[name])
    return fields


def event_class(record: Record) -> type[PublicEvent]:
    """The class of the record's event. Raises `UnknownEvent` rather than guess at a newer one."""
    cls = known_class(record)
    if cls is None:
        raise UnknownEvent(f"{record.source} {record.type} version {record.version}")
    return cls


def known_class(record: Record) -> type[PublicEvent] | None:
    """The same; None for what this version of the program does not know."""
    cls = REGISTRY.get((record.source, record.type))
    return cls if cls is not None and record.version <= cls.VERSION else None


async def open_all(records: Sequence[Record], keyring: Keyring) -> list[Envelope]:
    """The typed, readable form of each, worked out once a record; keys are asked for in one batch.

    Raises `UnknownEvent`, and `Unavailable` when the keyring does not answer.
    """
    closed = [record for record in records if "opened" not in record.__dict__]
    subjects = {r.account_id for r in closed if r.account_id and personal_fields(event_class(r))}
    keys = await keyring.keys(subjects) if subjects else _NO_KEYS
    for record in closed:
        record.__dict__["opened"] = open_record(record, keys)
    return [record.__dict__["opened"] for record in records]


_NO_KEYS: Mapping[UUID, bytes | None] = {}


def open_record(record: Record, keys: Mapping[UUID, bytes | None]) -> Envelope:
    """The typed, readable form. Raises `UnknownEvent` rather than guess at a newer event."""
    cls = event_class(record)
    event = _decoder(cls).decode(record.data)
    personal = personal_fields(cls)
    if personal:
        key = keys.get(record.account_id) if record.account_id else None
        plain = {name: decrypt(getattr(event, name), key) for name in personal}
        event = msgspec.structs.replace(event, **plain)
    return Envelope(
        source=record.source,
        partition=record.partition,
        position=record.position,
        id=record.id,
        type=record.type,
        version=record.version,
        account_id=record.account_id,
        brand=record.brand,
        occurred_at=record.occurred_at,
        actor=record.actor,
        causation_id=record.causation_id,
        correlation_id=record.correlation_id,
        traceparent=record.traceparent,
        event=event,
    )


def header_lines(record: Record) -> str:
    """The message's headers: CloudEvents 1.0 NATS binding in binary mode, and what is ours.

    Each line ends with CR LF. A line break within a value becomes a space, so that no value can
    add a header; the consumer then finds the hash wrong and reads the feed.
    """
    texts = (record.type, record.brand, record.actor, record.traceparent)
    joined = "".join(texts)
    if "\n" not in joined and "\r" not in joined:
        return _header_lines(record)
    type, brand, actor, traceparent = (text.translate(_NO_LINE_BREAKS) for text in texts)
    clean = {"type": type, "brand": brand, "actor": actor, "traceparent": traceparent}
    return _header_lines(msgspec.structs.replace(record, **clean))


def to_headers(record: Record) -> dict[str, str]:
    """The headers by name."""
    return dict(line.split(": ", 1) for line in header_lines(record).split("\r\n")[:-1])


def _header_lines(record: Record) -> str:
    account = str(record.account_id or "")
    return (
        "ce-specversion: 1.0\r\n"
        f"ce-id: {record.id}\r\n"
        f"ce-source: /faktura/{record.source}\r\n"
        f"ce-type: {record.type}\r\n"
        f"ce-time: {msgspec.to_builtins(record.occurred_at)}\r\n"
        "ce-datacontenttype: application/json\r\n"
        f"ce-partitionkey: {account or record.brand}\r\n"
        f"traceparent: {record.traceparent}\r\n"
        f"faktura-partition: {record.partition}\r\n"
        f"faktura-position: {record.position}\r\n"
        f"faktura-version: {record.version}\r\n"
        f"faktura-account: {account}\r\n"
        f"faktura-brand: {record.brand}\r\n"
        f"faktura-actor: {record.actor}\r\n"
        f"faktura-causation: {record.causation_id or ''}\r\n"
        f"faktura-correlation: {record.correlation_id}\r\n"
        f"faktura-hash: {record.hash}\r\n"
    )


def from_message(source: str, headers: Mapping[str, str], *, body: bytes) -> Record:
    """The record that a message carries. KeyError or ValueError: not one of our messages."""
    fields = {
        "source": source,
        "partition": headers["faktura-partition"],
        "position": headers["faktura-position"],
        "id": headers["ce-id"],
        "type": headers["ce-type"],
        "version": headers["faktura-version"],
        "account_id": headers["faktura-account"] or None,
        "brand": headers["faktura-brand"],
        "occurred_at": headers["ce-time"],
        "actor": headers["faktura-actor"],
        "causation_id": headers["faktura-causation"] or None,
        "correlation_id": headers["faktura-correlation"],
        "traceparent": headers.get("traceparent", ""),
        "data": body.decode(),
        "hash": headers["faktura-hash"],
    }
    try:
        return msgspec.convert(fields, Record, strict=False)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error


@cache
def _decoder(cls: type[PublicEvent]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(cls)
