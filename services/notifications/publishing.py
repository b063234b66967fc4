"""What leaves the notifications service: what became of each mail."""

from typing import Any

from services.notifications.mail.message import Message
from shared.contracts.event import PublicEvent
from shared.contracts.notifications import EmailFailed, EmailSent
from shared.store import DomainEvent


def publish(event: DomainEvent, aggregate: Any) -> PublicEvent | None:
    """The public event that a private one becomes, if any."""
    match event:
        case Message.Sent():
            return EmailSent(
                message_id=aggregate.id,
                template=aggregate.template,
                cause_id=aggregate.cause_id,
                language=event.language,
                recipient=event.recipient,
                subject=event.subject,
            )
        case Message.Refused():
            return EmailFailed(
                message_id=aggregate.id,
                template=aggregate.template,
                cause_id=aggregate.cause_id,
                reason=event.reason,
            )
    return None
