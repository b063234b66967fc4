"""The mail server: a letter goes out by SMTP (RFC 5321), or it is said why not.

What the mail server says for the moment raises `Unavailable`, to be tried again; what it says for
good raises `Refused`. No error carries an address.
"""

import asyncio
import re
import unicodedata
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

import aiosmtplib

from services.notifications.mail.rendering import Letter
from shared.consumers import Refused
from shared.errors import Unavailable

TIMEOUT_S = 30
_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(r"([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z0-9-]*[A-Za-z0-9]")
_LONGEST_LOCAL_PART = 64
_LONGEST_ADDRESS = 254
_BREAKS_A_HEADER = ("Cc", "Cs", "Zl", "Zp")
_AT_FAULT_FOR_GOOD = (
    aiosmtplib.SMTPSenderRefused,
    aiosmtplib.SMTPRecipientRefused,
    aiosmtplib.SMTPDataError,
)
_NEEDS_SIGN_IN = 530


class MailServerUnavailable(Unavailable):
    """The mail server does not take the message now."""


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A letter in its envelope. `message_id` is the same whenever the mail is sent again."""

    message_id: str
    sender_name: str
    sender_email: str
    recipient_name: str
    recipient_email: str
    letter: Letter


_UNFOLDED = SMTP.clone(max_line_length=998)
"""Headers on one line of at most 998 bytes (RFC 5322, 2.1.1): where Python folds a header between
two encoded words, it loses the space that stood there."""

Send = Callable[[EmailMessage], Awaitable[None]]
"""Hands a message to the mail server."""


def message_of(mail: Mail, *, now: datetime) -> EmailMessage:
    """The message with its text and HTML parts, all in seven bits.

    `Refused` when an address is none that mail can be sent to, or when a header would have a
    control character: then the same message would be refused for ever.
    """
    headers = {
        "Subject": mail.letter.subject,
        "From": Address(_header(mail.sender_name), addr_spec=deliverable(mail.sender_email)),
        "To": Address(_header(mail.recipient_name), addr_spec=deliverable(mail.recipient_email)),
        "Message-ID": f"<{mail.message_id}>",
        "Date": format_datetime(now),
        "Auto-Submitted": "auto-generated",
    }
    _header(mail.letter.subject)
    message = EmailMessage()
    for name, value in headers.items():
        message[name] = value
    message.set_content(mail.letter.text, cte="quoted-printable")
    message.add_alternative(mail.letter.html, subtype="html", cte="quoted-printable")
    message["Content-Language"] = mail.letter.language  # before, it would move into the first part
    return message


def deliverable(address: str) -> str:
    """`address` with its domain in ASCII; `Refused` unless it is one plain mailbox.

    Quoted local parts, address literals and lists of addresses are refused (RFC 5321 allows them,
    hosting clients do not have them); so is a local part that is not ASCII.

    >>> deliverable("ana@informação.example")
    'ana@xn--informao-xza3b.example'
    """
    local_part, _, domain = address.rpartition("@")
    try:
        domain = domain.encode("idna").decode()
    except UnicodeError:
        raise Refused("address_not_deliverable") from None
    plain = f"{local_part}@{domain}"
    if (
        not _LOCAL_PART.fullmatch(local_part)
        or not _DOMAIN.fullmatch(domain)
        or len(local_part) > _LONGEST_LOCAL_PART
        or len(plain) > _LONGEST_ADDRESS
    ):
        raise Refused("address_not_deliverable")
    return plain


def _header(text: str) -> str:
    if any(unicodedata.category(character) in _BREAKS_A_HEADER for character in text):
        raise Refused("header_control_character")
    return text


def smtp_sender(host: str, port: int) -> Send:
    """Sends by the server at `host:port`, one connection a message, within 30 seconds in all."""

    async def send(message: EmailMessage) -> None:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await aiosmtplib.send(
                    message.as_bytes(policy=_UNFOLDED),
                    sender=message["From"].addresses[0].addr_spec,
                    recipients=[message["To"].addresses[0].addr_spec],
                    hostname=host,
                    port=port,
                    timeout=TIMEOUT_S,
                )
        except aiosmtplib.SMTPRecipientsRefused as refused:
            raise _verdict(refused.recipients[0]) from None
        except (aiosmtplib.SMTPException, OSError) as error:
            raise _verdict(error) from None

    return send


def _verdict(error: Exception) -> Exception:
    """Whether to try again. A reply of 5xx to the message's own lines is final, nothing else is."""
    code = error.code if isinstance(error, aiosmtplib.SMTPResponseException) else 0
    is_final = isinstance(error, _AT_FAULT_FOR_GOOD) and code >= 500 and code != _NEEDS_SIGN_IN
    if is_final:
        return Refused(f"smtp_{code}")
    return MailServerUnavailable(reply_code=code or None)
