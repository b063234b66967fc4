"""Asking staff to look at something, and saying that it is done."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from services.billing.staff_tasks.kinds import Kind
from services.billing.staff_tasks.staff_task import StaffTask
from shared.errors import NotFound
from shared.store import Transaction


@dataclass(frozen=True, kw_only=True)
class OpenTask:
    """`key` names within the kind what is found, so that it is asked once: a day, an id.

    `facts` are what whoever looks wants to know, by name; nothing that identifies a person.
    """

    brand: str
    kind: Kind
    key: str
    account_id: UUID | None = None
    facts: Mapping[str, str] = field(default_factory=dict)


async def open_task(command: OpenTask, tx: Transaction) -> StaffTask:
    """The task, new or as it is: one that is open or done already does not change."""
    known = await tx.find(StaffTask, StaffTask.id_of(command.brand, command.kind, command.key))
    if known is not None:
        return known
    task = StaffTask.open(**vars(command))
    await tx.save(task)
    return task


@dataclass(frozen=True, kw_only=True)
class FinishTask:
    """`note` is a sentence of staff's: what was found, what was done."""

    task_id: UUID
    brand: str
    note: str


async def finish_task(command: FinishTask, tx: Transaction) -> StaffTask:
    """The task is done. `NotFound` for another brand's, `TaskIsDone` the second time."""
    task = await tx.load(StaffTask, command.task_id)
    if task.brand != command.brand:
        raise NotFound()
    task.finish(command.note)
    await tx.save(task)
    return task


@dataclass(frozen=True, kw_only=True)
class CloseTask:
    """The task of this kind and key has come to its end by what somebody did elsewhere."""

    brand: str
    kind: Kind
    key: str
    note: str


async def close_task(command: CloseTask, tx: Transaction) -> None:
    """The task is done. Where there is none, or it is done already, nothing changes."""
    id = StaffTask.id_of(command.brand, command.kind, command.key)
    task = await tx.find(StaffTask, id)
    if task is not None and not task.is_done:
        task.finish(command.note)
        await tx.save(task)
