"""Recording what became of a mail."""

from dataclasses import dataclass
from uuid import UUID

from services.notifications.mail.message import Message
from shared.errors import NotFound
from shared.store import Transaction


@dataclass(frozen=True, kw_only=True)
class RecordSent:
    """The mail server took the message."""

    message_id: UUID
    account_id: UUID
    brand: str
    template: str
    cause_id: UUID
    language: str
    recipient: str
    subject: str


@dataclass(frozen=True, kw_only=True)
class RecordRefused:
    """The message will not be sent; `reason` is a stable code."""

    message_id: UUID
    account_id: UUID
    brand: str
    template: str
    cause_id: UUID
    reason: str


async def record_sent(command: RecordSent, tx: Transaction) -> Message:
    """The message, sent. Recording it again changes nothing."""
    message = await _message(command, tx)
    message.sent(language=command.language, recipient=command.recipient, subject=command.subject)
    await tx.save(message)
    return message


async def record_refused(command: RecordRefused, tx: Transaction) -> Message:
    """The message, refused."""
    message = await _message(command, tx)
    message.refused(command.reason)
    await tx.save(message)
    return message


async def _message(command: RecordSent | RecordRefused, tx: Transaction) -> Message:
    try:
        return await tx.load(Message, command.message_id)
    except NotFound:
        return Message.prepare(
            id=command.message_id,
            account_id=command.account_id,
            brand=command.brand,
            template=command.template,
            cause_id=command.cause_id,
        )
