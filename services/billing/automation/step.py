"""What a step of a business day is made of: the query that finds candidates, a task for each."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from eventsourcing.domain import Aggregate

from shared.store import Transaction

if TYPE_CHECKING:
    from services.billing.automation.business_day import BusinessDay

Facts = Mapping[str, Any]
Stream = tuple[type[Aggregate], UUID]


@dataclass(frozen=True, kw_only=True)
class Task:
    """One command of one account. Before it, the gateway is asked about payments of `ask_about`.

    `streams` and `claims` (kind, key) are what the command will want to know; `bills_in` is the
    currency of the invoice that it may issue, which takes along what waits for one.
    """

    key: str
    account_id: UUID
    work: Callable[[Transaction], Awaitable[Any]]
    ask_about: tuple[UUID, ...] = ()
    streams: tuple[Stream, ...] = ()
    claims: tuple[tuple[str, str], ...] = ()
    bills_in: str | None = None


@dataclass(frozen=True, kw_only=True)
class Found:
    """A candidate: its name within the step, and what the query says of it."""

    account_id: UUID
    item: str
    facts: Facts


@dataclass(frozen=True, kw_only=True)
class Step:
    """`values` are the parameters of `query` after brand and day."""

    query: str
    values: "Callable[[BusinessDay], tuple[Any, ...]]"
    task: "Callable[[BusinessDay, Found], Task]"
