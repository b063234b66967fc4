"""A mail: prepared -> sent, or prepared -> refused -> sent when it is asked for again.

One stream per mail; its id is that of the effect that sends it and stands in its Message-ID.
"""

from typing import Self
from uuid import UUID

from eventsourcing.domain import Aggregate, event

from shared.personal import Personal


class Message(Aggregate):
    """One mail that an event called for; `cause_id` is the event."""

    TOPIC = "notifications.message"

    class Event(Aggregate.Event):
        TOPIC = "notifications.message.event"

    class Prepared(Aggregate.Created):
        TOPIC = "notifications.message.prepared"
        account_id: UUID
        brand: str
        template: str
        cause_id: UUID

    class Sent(Aggregate.Event):
        TOPIC = "notifications.message.sent"
        language: str
        recipient: Personal[str]
        subject: Personal[str]

    class Refused(Aggregate.Event):
        TOPIC = "notifications.message.refused"
        reason: str

    @classmethod
    def prepare(
        cls, *, id: UUID, account_id: UUID, brand: str, template: str, cause_id: UUID
    ) -> Self:
        """A mail of which nothing is known yet but what it is for."""
        return cls(id=id, account_id=account_id, brand=brand, template=template, cause_id=cause_id)

    @event(Prepared)
    def __init__(
        self, *, id: UUID, account_id: UUID, brand: str, template: str, cause_id: UUID
    ) -> None:
        self.account_id: UUID | None = account_id
        self.brand = brand
        self.template = template
        self.cause_id = cause_id
        self.is_sent = False

    def sent(self, *, language: str, recipient: str, subject: str) -> None:
        """The mail server took it. Saying so again changes nothing."""
        if not self.is_sent:
            self._sent(language=language, recipient=recipient, subject=subject)

    @event(Sent)
    def _sent(self, language: str, recipient: str, subject: str) -> None:
        self.is_sent = True

    def refused(self, reason: str) -> None:
        """The mail server, or we for it, said no for good. Nothing changes once it was sent."""
        if not self.is_sent:
            self._refused(reason=reason)

    @event(Refused)
    def _refused(self, reason: str) -> None:
        self.is_sent = False
