"""Mail servers that take every mail, or fail in one way each. They speak real SMTP (aiosmtpd)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP

Serve = Callable[[Any], Awaitable[int]]
"""Starts a mail server with a handler; answers its port."""


@asynccontextmanager
async def mail_servers() -> AsyncIterator[Serve]:
    """Mail servers that end with the block."""
    async with AsyncExitStack() as stack:

        async def start(handler: Any) -> int:
            loop = asyncio.get_running_loop()
            server = await loop.create_server(lambda: SMTP(handler), "127.0.0.1", 0)
            stack.callback(server.close)
            return int(server.sockets[0].getsockname()[1])

        yield start


class Inbox:
    """Takes every message; a subclass spoils one step."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.recipients: list[list[str]] = []

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:
        self.messages.append(envelope.original_content)
        self.recipients.append(list(envelope.rcpt_tos))
        return "250 taken"

    def read(self, at: int = 0) -> EmailMessage:
        message = message_from_bytes(self.messages[at], policy=policy.default)
        assert isinstance(message, EmailMessage)
        return message


class Refusing(Inbox):
    """Answers one command of the conversation with the given reply."""

    def __init__(self, command: str, reply: str) -> None:
        super().__init__()
        self.refuse = {command: reply}

    async def handle_MAIL(
        self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if "MAIL" in self.refuse:
            return self.refuse["MAIL"]
        envelope.mail_from = address
        return "250 ok"

    async def handle_RCPT(
        self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if "RCPT" in self.refuse:
            return self.refuse["RCPT"]
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:
        if "DATA" in self.refuse:
            return self.refuse["DATA"]
        return await super().handle_DATA(server, session, envelope)


class Dropping(Inbox):
    """Takes the message and cuts the line before it says so, the first time."""

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:
        reply = await super().handle_DATA(server, session, envelope)
        if len(self.messages) == 1:
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
        return reply


class Silent(Inbox):
    """Never answers DATA."""

    def __init__(self) -> None:
        super().__init__()
        self.released = asyncio.Event()

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:
        await self.released.wait()
        return "250 too late"
