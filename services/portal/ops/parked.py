"""What no service could apply or do by itself, and what a member of staff decides about it.

Each service tells what is parked in it. Staff sees and decides what is of its own brand. A decision
is recorded where the thing was parked, with the person as `user:<id>`, as the log names them: the
record stays for ever, so it holds no name.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from services.portal.browser.commands import Command, Outcome, send
from services.portal.browser.forms import Form
from services.portal.browser.visit import Visit
from services.portal.ops.health import PORTAL
from shared.contracts import SOURCES
from shared.errors import DomainError
from shared.peers import Peers


def _(message: str) -> str:
    """Marks a message for the catalogues."""
    return message


REASON = _("Please say why, in one line of 3 to 500 characters.")
SERVICES = (PORTAL, *SOURCES)
ASKED = 1000
"""How many events, and how many effects, a service is asked for at most."""


class Parked(msgspec.Struct, frozen=True, kw_only=True):
    """An event that freezes an account in a consumer, or an effect that waits; places are None."""

    service: str
    kind: Literal["event", "effect"]
    consumer: str
    id: UUID
    type: str
    brand: str
    account_id: UUID | None
    source: str | None
    partition: int | None
    position: int | None
    error: str | None
    tries: int
    parked_at: datetime
    waiting: int
    """How many later events of the account wait behind it."""

    @property
    def path(self) -> str:
        """The address of its page; an id is parked once in a consumer."""
        return f"/ops/parked/{self.service}/{self.consumer}/{self.id}"


@dataclass(frozen=True, kw_only=True)
class ParkedList:
    """What is parked of a brand, the oldest first, and the services that did not answer."""

    found: Sequence[Parked]
    silent: Sequence[str]


async def parked_of_all(peers: Peers, brand: str) -> ParkedList:
    """What every service has parked of that brand, asked at the same time."""
    answers = await asyncio.gather(*(_ask(peers, service) for service in SERVICES))
    found = [each for answer in answers for each in answer or () if each.brand == brand]
    silent = [name for name, answer in zip(SERVICES, answers, strict=True) if answer is None]
    return ParkedList(found=sorted(found, key=lambda each: each.parked_at), silent=silent)


async def _ask(peers: Peers, service: str) -> list[Parked] | None:
    """What a service has parked; None if it does not say."""
    try:
        return await _parked_in(peers, service)
    except DomainError:
        return None


async def _parked_in(peers: Peers, service: str) -> list[Parked]:
    answer = await peers.call(service, "GET", "/internal/parked", params={"limit": ASKED})
    return [_parked(service, each) for each in answer.json()]


def _parked(service: str, told: Mapping[str, Any]) -> Parked:
    return msgspec.convert({**told, "service": service}, Parked)


async def find_parked(visit: Visit, service: str, *, consumer: str, id: UUID) -> Parked | None:
    """One that is parked and of the brand of the staff; refused if the service does not say."""
    if service not in SERVICES:
        return None
    known = await _parked_in(visit.desk.peers, service)
    wanted = (visit.brand.slug, consumer, id)
    return next((each for each in known if (each.brand, each.consumer, each.id) == wanted), None)


async def retry(visit: Visit, form: Form, *, parked: Parked) -> Outcome:
    """Have it tried again now. A repeat does no harm."""
    return await _decide(visit, "retry", form=form, parked=parked)


async def skip(visit: Visit, form: Form, *, parked: Parked) -> Outcome:
    """Go on without it, for good; the form's `reason` is kept with who gave it."""
    outcome = await _decide(visit, "skip", form=form, parked=parked, reason=form.text("reason"))
    if "reason" not in outcome.form.errors:
        return outcome
    told = {"reason": visit.language.gettext(REASON)}
    return replace(outcome, form=replace(outcome.form, errors=told))


async def _decide(
    visit: Visit, verdict: str, *, form: Form, parked: Parked, **more: str
) -> Outcome:
    assert visit.session is not None, "the pages are for staff"
    body = {
        "kind": parked.kind,
        "consumer": parked.consumer,
        "id": str(parked.id),
        "who": f"user:{visit.session.user_id}",
        **more,
    }
    path = f"/internal/parked/{verdict}"
    return await send(
        visit, Command(form=form, peer=parked.service, path=path, body=body, speaker="portal")
    )


def is_settled(outcome: Outcome) -> bool:
    """Whether it was no longer parked: it has succeeded, or a colleague was faster."""
    return outcome.refusal is not None and outcome.refusal.code == "nothing_parked"
