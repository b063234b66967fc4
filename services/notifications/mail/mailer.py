"""The reactor that mails: an event calls for a notice, the notice becomes a mail, once.

What identifies a person is read when the mail is made and is kept only in the message's stream,
encrypted; the effect's row knows the notice and a reason.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import msgspec
import structlog

from services.notifications.directory.rows import Subject
from services.notifications.mail.commands import (
    RecordRefused,
    RecordSent,
    record_refused,
    record_sent,
)
from services.notifications.mail.composing import compose
from services.notifications.mail.links import links_of
from services.notifications.mail.notices import HANDLED, Notice, notice_of
from services.notifications.mail.sending import Mail, Send, message_of
from services.notifications.mail.subjects import SubjectNotKnownYet, subject_of
from shared.consumers import Effect, Envelope, Intent, Reactor, Refused
from shared.contracts import events_of
from shared.database import acquire
from shared.peers import Peers, RemoteProblem
from shared.store import EventStore, Transaction
from shared.telemetry import span

SOURCES = ("accounts", "billing", "tickets")
PUBLISHED = frozenset(event for source in SOURCES for event in events_of(source))

VIEWS_MAY_LAG_S = (0.05, 0.1, 0.2)

log = structlog.get_logger()


async def plan(envelope: Envelope) -> Sequence[Intent]:
    """The mail that the event calls for, if any; its payload is the notice."""
    notice = notice_of(envelope)
    if notice is None:
        return []
    return [Intent(key=notice.key, kind="email", payload=msgspec.to_builtins(notice))]


@dataclass(frozen=True, kw_only=True)
class Mailer:
    """Makes mails and hands them to the mail server."""

    store: EventStore
    peers: Peers
    send: Send
    portal_url: str

    async def perform(self, effect: Effect) -> dict[str, Any]:
        """Send the effect's mail under its own Message-ID; what was sent to whom.

        `Unavailable` while a view, a service or the mail server does not answer; `Refused` when the
        mail can never be sent.
        """
        notice = notice_in(effect)
        assert effect.account_id is not None, "a notice is for an account"
        subject = await self._subject_soon(notice, effect)
        # The outcome is recorded under the account's key: a mail that could not be recorded for
        # want of it would be sent again.
        await self.store.keyring.ensure(effect.account_id)
        token = await self._mint(notice) if notice.link else None
        links = links_of(self.portal_url, effect.brand)
        mail = Mail(
            message_id=f"{effect.id}@{subject.brand.host}",
            sender_name=subject.brand.sender_name,
            sender_email=subject.brand.sender_email,
            recipient_name=subject.recipient.name,
            recipient_email=subject.recipient.email,
            letter=compose(notice, subject, links=links, token=token),
        )
        await self._hand_over(mail, effect)
        return {
            "language": mail.letter.language,
            "recipient": mail.recipient_email,
            "subject": mail.letter.subject,
        }

    async def _subject_soon(self, notice: Notice, effect: Effect) -> Subject:
        """What the notice is about.

        The views that its event fills are mostly milliseconds behind: they are given a moment
        before the mail is put off.
        """
        for pause_s in VIEWS_MAY_LAG_S:
            try:
                return await self._look_up(notice, effect)
            except SubjectNotKnownYet:
                await asyncio.sleep(pause_s)
        return await self._look_up(notice, effect)

    async def _look_up(self, notice: Notice, effect: Effect) -> Subject:
        assert effect.account_id is not None, "a notice is for an account"
        async with acquire(self.store.pool) as db:
            return await subject_of(notice, account_id=effect.account_id, brand=effect.brand, db=db)

    async def _mint(self, notice: Notice) -> str:
        """A one-time token for the link in the mail; it makes the one sent before void."""
        asked = {"kind": notice.link, "user_id": str(notice.user_id)}
        try:
            answer = await self.peers.call("accounts", "POST", "/internal/links", json=asked)
        except RemoteProblem as problem:
            if problem.status == HTTPStatus.NOT_FOUND:
                raise Refused("user_unknown") from problem
            raise
        token: str = answer.json()["token"]
        return token

    async def _hand_over(self, mail: Mail, effect: Effect) -> None:
        message = message_of(mail, now=self.store.clock.now())
        attributes = {"messaging.system": "smtp", "messaging.message.id": mail.message_id}
        with span("send email", attributes=attributes):
            await self.send(message)
        log.info("email sent", message_id=str(effect.id), key=effect.key, tries=effect.tries)


async def record(effect: Effect, outcome: dict[str, Any], tx: Transaction) -> None:
    """Record that the mail was sent. What is personal is taken out of the effect's outcome."""
    assert effect.account_id is not None, "a notice is for an account"
    await record_sent(
        RecordSent(
            message_id=effect.id,
            account_id=effect.account_id,
            brand=effect.brand,
            template=notice_in(effect).template,
            cause_id=effect.cause_id,
            language=outcome["language"],
            recipient=outcome.pop("recipient"),
            subject=outcome.pop("subject"),
        ),
        tx,
    )


async def refused(effect: Effect, reason: str, tx: Transaction) -> None:
    """Record that the mail can never be sent, and why."""
    assert effect.account_id is not None, "a notice is for an account"
    await record_refused(
        RecordRefused(
            message_id=effect.id,
            account_id=effect.account_id,
            brand=effect.brand,
            template=notice_in(effect).template,
            cause_id=effect.cause_id,
            reason=reason,
        ),
        tx,
    )


def notice_in(effect: Effect) -> Notice:
    """The notice that the effect is to mail."""
    return msgspec.convert(effect.payload, Notice)


def mailer(perform: Mailer) -> Reactor:
    """The reactor that sends what accounts, billing and tickets give cause for."""
    return Reactor(
        name="mailer",
        sources=SOURCES,
        plan=plan,
        perform=perform.perform,
        record=record,
        refused=refused,
        is_personal=True,
        handles=HANDLED,
        ignored=PUBLISHED - HANDLED,
    )
