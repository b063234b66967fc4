"""The account's top-ups whose money is on its way: codes, slips, and transfers to our bank."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec

from services.portal.browser.visit import Visit
from services.portal.invoices.bank_words import bank_details
from shared.contracts.billing import PaymentMethod
from shared.errors import DomainError


class _Told(msgspec.Struct, frozen=True, kw_only=True):
    """As billing tells of one; `method` is None where it was not kept."""

    top_up_id: UUID
    method: str | None
    amount_minor: int
    currency: str
    reference: str
    wanted_on: date


class Transfer(msgspec.Struct, frozen=True, kw_only=True):
    """A transfer that we await, in minor units, and what the payer needs for it, in words."""

    amount_minor: int
    currency: str
    reference: str
    wanted_on: date
    way: PaymentMethod
    details: Sequence[tuple[str, str]]


async def transfers_awaited(visit: Visit) -> list[Transfer] | None:
    """Latest first; None while billing, which alone knows of them, does not tell."""
    ways = [way for way in visit.brand.payment_methods if way.kind == "bank_transfer"]
    if not ways:
        return []
    try:
        told = await _ask(visit)
    except DomainError:
        return None
    return [_transfer(visit, each, ways=ways) for each in told]


async def _ask(visit: Visit) -> list[_Told]:
    assert visit.session is not None, "the page is for clients"
    peers = visit.desk.peers
    answer = await peers.call("billing", "GET", "/v1/top-ups", token=visit.session.token)
    return msgspec.json.decode(answer.content, type=list[_Told])


def _transfer(visit: Visit, told: _Told, *, ways: Sequence[PaymentMethod]) -> Transfer:
    way = next((way for way in ways if way.id == told.method), ways[0])
    return Transfer(
        amount_minor=told.amount_minor,
        currency=told.currency,
        reference=told.reference,
        wanted_on=told.wanted_on,
        way=way,
        details=bank_details(way, visit.language),
    )
