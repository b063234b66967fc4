"""What a brand's staff has to look at."""

from uuid import UUID

from shared.contracts.event import PublicEvent


class StaffTaskOpened(PublicEvent, frozen=True, kw_only=True):
    """A person has to look at something. Once for each `key` of a `kind`.

    `facts`: by name what it is about: ids, days, amounts in minor units with their currency.
    """

    task_id: UUID
    kind: str
    key: str
    facts: dict[str, str]


class StaffTaskDone(PublicEvent, frozen=True, kw_only=True):
    """Somebody has looked; `note` is what they say of it."""

    task_id: UUID
    note: str
