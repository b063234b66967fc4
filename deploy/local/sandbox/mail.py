"""The sandbox mail catcher: takes every message by SMTP, delivers none, shows them on a page.

A recipient whose address contains `reject` is refused with 550, as a closed mailbox would.
Run it with `python -m deploy.local.sandbox.mail` (SANDBOX_ environment).
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deploy.local.sandbox.database import count, open_database
from deploy.local.sandbox.server import Refused, create_server, page, serve
from deploy.local.sandbox.settings import SandboxSettings

TABLES = """
create table if not exists message (
    id integer primary key autoincrement,
    sender text not null,
    recipients text not null,
    content blob not null,
    received_at real not null
);
"""
LARGEST_MESSAGE_BYTES = 10 * 1024 * 1024
LISTED = 200
VIEWS = ("html", "text", "source")


class MailCatcher:
    """The caught messages, the SMTP side that adds them, the web side that shows them."""

    def __init__(self, settings: SandboxSettings) -> None:
        self._settings = settings
        self._database = open_database(settings.data, tables=TABLES)

    def app(self) -> Starlette:
        """The web application; it starts and ends the SMTP server with itself."""
        routes = [
            Route("/", self.inbox),
            Route("/messages/{id:int}", self.inbox),
            Route("/api/messages", self.messages),
            Route("/api/messages", self.clear, methods=["DELETE"]),
            Route("/api/messages/{id:int}", self.message),
        ]

        @asynccontextmanager
        async def lifespan(app: Starlette) -> AsyncIterator[None]:
            loop = asyncio.get_running_loop()
            server = await loop.create_server(
                self._smtp, self._settings.host, self._settings.smtp_port
            )
            try:
                yield
            finally:
                server.close()

        return create_server(routes, lifespan)

    async def handle_RCPT(self, *said: Any) -> str:  # noqa: N802 (aiosmtpd's name for the hook)
        """Refuses a mailbox that is named as closed, takes any other."""
        _, _, envelope, address, _ = said
        if "reject" in address:
            return "550 5.1.1 No such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, *said: Any) -> str:  # noqa: N802 (aiosmtpd's name for the hook)
        """Keeps the message, then says that it was taken."""
        envelope: Envelope = said[2]
        self._database.execute(
            "insert into message (sender, recipients, content, received_at) values (?, ?, ?, ?)",
            (
                envelope.mail_from,
                ", ".join(envelope.rcpt_tos),
                envelope.content,
                time.time(),
            ),
        )
        return "250 Message caught"

    async def messages(self, request: Request) -> Response:
        """All messages, newest first; `?to=` keeps those whose recipients contain it."""
        rows = self._database.execute(
            "select * from message where instr(recipients, ?) > 0 order by id desc",
            (request.query_params.get("to", ""),),
        )
        return JSONResponse([_readable(row) for row in rows])

    async def message(self, request: Request) -> Response:
        """One message."""
        return JSONResponse(_readable(self._row(request.path_params["id"])))

    async def clear(self, request: Request) -> Response:
        """Throws all messages away."""
        self._database.execute("delete from message")
        return Response(status_code=204)

    async def inbox(self, request: Request) -> Response:
        """The inbox; with the message that the address names, else the newest on a wide screen."""
        rows = self._database.execute(
            "select * from message order by id desc limit ?", (LISTED,)
        ).fetchall()
        messages = [_readable(row) for row in rows]
        chosen = request.path_params.get("id")
        shown = messages[0] if messages else None
        if chosen is not None:
            shown = _readable(self._row(chosen))
        return page(
            "inbox.html",
            messages=messages,
            total=count(self._database, "select count(*) from message"),
            shown=shown,
            is_reading=chosen is not None,
            view=_view(request, shown),
        )

    def _smtp(self) -> SMTP:
        return SMTP(
            self,
            hostname="mail.localhost",
            enable_SMTPUTF8=True,
            data_size_limit=LARGEST_MESSAGE_BYTES,
        )

    def _row(self, message_id: int) -> Any:
        row = self._database.execute("select * from message where id = ?", (message_id,)).fetchone()
        if row is None:
            raise Refused(404, "not_found", "There is no such message.")
        return row


def _readable(row: Any) -> dict[str, Any]:
    mail = message_from_bytes(row["content"], policy=policy.default)
    assert isinstance(mail, EmailMessage)
    received = datetime.fromtimestamp(row["received_at"], UTC)
    return {
        "id": row["id"],
        "from": str(mail.get("from", row["sender"])),
        "to": row["recipients"],
        "subject": str(mail.get("subject", "")),
        "text": _part(mail, "plain"),
        "html": _part(mail, "html"),
        "received_at": received.isoformat(timespec="milliseconds"),
        "headers": {name: str(value) for name, value in mail.items()},
    }


def _part(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body(preferencelist=(kind,))
    return str(part.get_content()) if part is not None else ""


def _view(request: Request, shown: dict[str, Any] | None) -> str:
    """Which of a message's views is wanted: HTML where there is one, unless the address says."""
    wanted = request.query_params.get("view", "")
    if wanted in VIEWS:
        return wanted
    return "html" if shown and shown["html"] else "text"


if __name__ == "__main__":
    settings = SandboxSettings()
    serve(MailCatcher(settings).app(), settings, name="mail")
