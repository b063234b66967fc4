"""What tasks of staff tell the world."""

from services.billing.staff_tasks.staff_task import StaffTask
from shared.contracts import PublicEvent, billing
from shared.store import DomainEvent


def of_task(event: DomainEvent, task: StaffTask) -> PublicEvent | None:
    """The public event of a task."""
    match event:
        case StaffTask.Opened(kind=kind, key=key, facts=facts):
            return billing.StaffTaskOpened(task_id=task.id, kind=kind, key=key, facts=facts)
        case StaffTask.Done(note=note):
            return billing.StaffTaskDone(task_id=task.id, note=note)
        case _:
            return None
