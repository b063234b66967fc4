"""What the notifications service publishes."""

from uuid import UUID

from shared.contracts.event import PublicEvent
from shared.personal import Personal


class EmailSent(PublicEvent, frozen=True, kw_only=True):
    """The mail server took the message; `cause_id` is the event that it tells of."""

    message_id: UUID
    template: str
    cause_id: UUID
    language: str
    recipient: Personal[str]
    subject: Personal[str]


class EmailFailed(PublicEvent, frozen=True, kw_only=True):
    """The mail server refused the message for good; `reason` is its reply code."""

    message_id: UUID
    template: str
    cause_id: UUID
    reason: str
