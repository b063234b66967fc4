"""The three kinds of consumer, as a service declares them. There is no fourth."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from re import findall
from typing import Any
from uuid import UUID

from shared.consumers.rows import Rows
from shared.contracts.event import PublicEvent
from shared.envelope import Envelope
from shared.store import Transaction

EventClasses = frozenset[type[PublicEvent]]


@dataclass(frozen=True, kw_only=True)
class View:
    """Rows of a read model. Each event is applied exactly once, in the checkpoint's transaction.

    `tables` is the DDL of its tables, each with a primary key, by bare names unique in the service;
    they live in the schema `view_<name>`. `apply` says what an event does to which rows and is
    pure: the same events give the same rows. It is only asked about events in `handles`. Events of
    one account and source come in order; between sources any order is possible, so each source
    writes columns of its own.
    """

    name: str
    sources: tuple[str, ...]
    tables: str
    apply: Callable[[Envelope, Rows], None]
    handles: EventClasses
    ignored: EventClasses = frozenset()

    @property
    def schema(self) -> str:
        """The schema of the view's tables."""
        return f"view_{self.name}"

    @property
    def table_names(self) -> list[str]:
        """The names of the view's tables, from its DDL."""
        return findall(r"(?i)create table (\w+)", self.tables)


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Commands that follow an event, in one transaction with the checkpoint: exactly once."""

    name: str
    sources: tuple[str, ...]
    handle: Callable[[Envelope, Transaction], Awaitable[None]]
    handles: EventClasses
    ignored: EventClasses = frozenset()


@dataclass(frozen=True, kw_only=True)
class Intent:
    """One thing to do to the outside world; its key is done once. No personal data in `payload`."""

    key: str
    kind: str
    payload: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Effect:
    """An intent that is recorded. `id` stays the same over retries: the outside world's key."""

    id: UUID
    key: str
    kind: str
    payload: dict[str, Any]
    account_id: UUID | None
    brand: str
    cause_id: UUID
    correlation_id: UUID
    traceparent: str
    tries: int


class Refused(Exception):
    """The outside world said no, and will say no again."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


async def record_nothing(effect: Effect, outcome: dict[str, Any], tx: Transaction) -> None:
    """The default of `Reactor.record`: the outcome stands in the effect's row only."""


@dataclass(frozen=True, kw_only=True)
class Reactor:
    """What happens outside because of an event.

    `plan` says which effects; they are stored in one transaction with the checkpoint. `perform`
    then does one, at least once, with `effect.id` as its key outside; errors are retried with
    backoff, `Refused` ends it. `record` runs in the transaction that marks the effect as ended.
    What `perform` returns is kept at once, so that an effect whose recording fails is not performed
    again: encrypted under the account's key if `is_personal`, and as plain JSON after `record`,
    which takes out of it what is personal.
    """

    name: str
    sources: tuple[str, ...]
    plan: Callable[[Envelope], Awaitable[Sequence[Intent]]]
    perform: Callable[[Effect], Awaitable[dict[str, Any]]]
    handles: EventClasses
    ignored: EventClasses = frozenset()
    record: Callable[[Effect, dict[str, Any], Transaction], Awaitable[None]] = record_nothing
    is_personal: bool = False
    refused: Callable[[Effect, str, Transaction], Awaitable[None]] | None = None


Consumer = View | Policy | Reactor
