"""Every page of the portal, by name: who sees it and where it is, in a given story."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shared.contracts import billing, tickets
from tests.portal.house import House
from tests.portal.world import World

CONTACT = {
    "language": "pt-BR",
    "name": "Maria Souza",
    "email": "maria@example.com",
    "phone": "+55 11 91234-5678",
    "tax_id": "529.982.247-25",
    "address": "Rua das Flores, 123, apto 45",
    "city": "São Paulo",
    "state": "SP",
    "postal_code": "01310-100",
    "country": "BR",
}
SESSIONS = [
    {
        "id": "0193f000-0000-7000-8000-000000000001",
        "created_at": "2026-11-21T12:00:00Z",
        "last_seen_at": "2026-11-21T14:59:00Z",
        "ends_at": "2026-12-05T12:00:00Z",
        "is_current": True,
    },
    {
        "id": "0193f000-0000-7000-8000-000000000002",
        "created_at": "2026-11-01T12:00:00Z",
        "last_seen_at": "2026-11-19T09:30:00Z",
        "ends_at": "2026-12-01T12:00:00Z",
        "is_current": False,
    },
]
STATUS = {
    "unpublished": 17,
    "oldest_unpublished_s": 42.5,
    "relayed_per_s": 1234.5,
    "consumers": [
        {"name": "invoice_issuing", "kind": "policy", "lag": 0, "parked": 0, "stopped": {}},
        {"name": "payment_gateway", "kind": "reactor", "lag": 240, "lag_s": 12.5, "parked": 1,
         "stopped": {}},
    ],
    "effects": {"pending": 2, "parked": 1},
    "rebuilds": [
        {"view": "invoice_list", "events": 425_000, "total": 1_000_000, "ended_at": None,
         "started_at": "2026-11-21T14:59:00Z", "outcome": None},
        {"view": "brand", "events": 5, "total": 5, "ended_at": "2026-11-21T14:59:00Z",
         "started_at": "2026-11-21T14:59:00Z", "outcome": "swapped"},
    ],
    "process": {
        "instance": "4f2a/billing-2", "append_p99_ms": 8.4, "retries": 31, "loops": 14,
        "oldest_heartbeat_s": 2.6, "pool": {"used": 3, "idle": 9, "limit": 12},
    },
}  # fmt: skip

AWAITED = {
    "top_up_id": "0193f000-0000-7000-8000-00000000cccc", "method": "transfer",
    "amount_minor": 123_456_789, "currency": "BRL", "reference": "T80000000051",
    "wanted_on": "2026-11-19", "instructions": {},
}  # fmt: skip
FROZEN: dict[str, Any] = {
    "kind": "event", "consumer": "invoice_issuing", "id": "0193f000-0000-7000-8000-00000000aaaa",
    "source": "billing", "partition": 3, "position": 425_017, "type": "ServiceRenewed",
    "account_id": None, "brand": "ponto", "tries": 5, "waiting": 12,
    "error": "ValueError: the period 2026-12-01 to 2026-12-01 is empty" + ", and so on" * 20,
    "parked_at": "2026-11-21T14:12:00Z", "next_try_at": None,
}  # fmt: skip
UNDONE = {
    **FROZEN, "kind": "effect", "consumer": "payment_gateway", "type": "refund_the_card",
    "id": "0193f000-0000-7000-8000-00000000bbbb", "source": None, "partition": None,
    "position": None, "waiting": 0, "error": None,
}  # fmt: skip
PARKED = f"/ops/parked/billing/invoice_issuing/{FROZEN['id']}"
ABOUT_MONEY = ("home", "invoice", "pay", "credit", "cards", "ops-account")
"""How the pages begin that the story of ways to pay is for."""


@dataclass(frozen=True)
class Shown:
    """A page; `send` is clicked before the picture is taken, `cart` is the order kept."""

    name: str
    path: str
    who: str = "client"
    send: str = ""
    cart: str = ""


def pages_of(house: House, world: World, state: str) -> Iterator[Shown]:
    """The pages that this story has; those that are the same in every state only once."""
    house.neighbours.answer("GET", "/v1/account/contact", CONTACT, etag='"3"')
    house.neighbours.answer("GET", "/v1/me/sessions", SESSIONS)
    house.neighbours.answer("GET", "/internal/status", STATUS)
    house.neighbours.answer("GET", "/v1/top-ups", [] if state == "empty" else [AWAITED])
    frozen = {**FROZEN, "account_id": str(world.account_id)}
    parked = [] if state == "empty" else [frozen, UNDONE]
    house.neighbours.answer("GET", "/internal/parked", parked)
    flaws = [{"field": "body.reason", "code": "string_too_short"}]
    house.neighbours.refuse(
        "POST", "/internal/parked/skip", status=422, code="malformed_request", errors=flaws
    )
    for page in (*_client_pages(world), *_staff_pages(world)):
        if state == "owing" and not page.name.startswith(ABOUT_MONEY):
            continue
        if state in ("normal", "busy") and page.name in ("payments", "credit", "cards", "pay"):
            continue
        yield page
    if state == "normal":
        yield Shown("ops-parked-one", PARKED, "staff")
        yield Shown("ops-parked-refused", PARKED, "staff", send="#skip button")
        yield from _visitor_pages()
        yield Shown("profile", "/profile")
        yield Shown("ticket-new", "/tickets/new")
        yield Shown("missing", "/invoices/no-such-thing")
        yield Shown("review-empty", "/orders/review")
        yield Shown("review", "/orders/review", cart="loja|monthly|exemplo.com.br")
        yield Shown("sign-in-cart", "/sign-in", "visitor", cart="start|monthly|exemplo.com.br")
        yield Shown("late", "/invoices?at=billing/3/999999")


def _visitor_pages() -> Iterator[Shown]:
    yield Shown("products", "/products", "visitor")
    yield Shown("order", "/order/start", "visitor")
    yield Shown("order-refused", "/order/loja", "visitor", send="main button[type=submit]")
    yield Shown("register", "/register", "visitor")
    yield Shown("check-mail", "/check-your-mail", "visitor")
    yield Shown("confirm", "/confirm?token=abc", "visitor")
    yield Shown("sign-in", "/sign-in", "visitor")
    yield Shown("forgot", "/forgot", "visitor")
    yield Shown("reset", "/reset?token=abc", "visitor")


def _services(world: World) -> list[UUID]:
    return _ends(
        [e.event.service_id for e in world.envelopes if isinstance(e.event, billing.ServiceOrdered)]
    )


def _client_pages(world: World) -> Iterator[Shown]:
    yield Shown("home", "/")
    yield Shown("services", "/services")
    yield Shown("invoices", "/invoices")
    yield Shown("tickets", "/tickets")
    yield Shown("payments", "/payments")
    yield Shown("credit", "/credit")
    yield Shown("cards", "/payment-methods")
    for payment_id in _codes_for_credit(world):
        yield Shown("payment-code", f"/payments/{payment_id}")
    issued = [
        e.event.invoice_id for e in world.envelopes if isinstance(e.event, billing.InvoiceIssued)
    ]
    for place, invoice_id in enumerate(_ends(issued)):
        yield Shown(f"invoice{place}", f"/invoices/{invoice_id}")
    if issued:
        yield Shown("pay", "/pay?all=1")
        yield Shown("invoice-transfer", f"/invoices/{issued[-1]}?method=transfer")
    for place, service_id in enumerate(_services(world)):
        yield Shown(f"service{place}", f"/services/{service_id}")
    for ticket_id in _tickets(world):
        yield Shown("ticket", f"/tickets/{ticket_id}")


def _staff_pages(world: World) -> Iterator[Shown]:
    yield Shown("ops", "/ops", "staff")
    yield Shown("ops-parked", "/ops/parked", "staff")
    yield Shown("ops-search", "/ops/search?q=com", "staff")
    yield Shown("ops-account", f"/ops/accounts/{world.account_id}", "staff")
    for place, service_id in enumerate(_services(world)):
        yield Shown(f"ops-service{place}", f"/ops/services/{service_id}", "staff")
    yield Shown("ops-tickets", "/ops/tickets", "staff")
    for ticket_id in _tickets(world):
        yield Shown("ops-ticket", f"/ops/tickets/{ticket_id}", "staff")


def _tickets(world: World) -> list[UUID]:
    opened = [e.event for e in world.envelopes if isinstance(e.event, tickets.TicketOpened)]
    return [event.ticket_id for event in opened]


def _codes_for_credit(world: World) -> list[UUID]:
    started = [e.event for e in world.envelopes if isinstance(e.event, billing.PaymentStarted)]
    return [e.payment_id for e in started if (e.purpose, e.method) == ("top_up", "pix")]


def _ends(ids: list[UUID]) -> list[UUID]:
    """All of a few; of many the first, one in the middle and the last."""
    return ids if len(ids) < 8 else [ids[0], ids[len(ids) // 2], ids[-1]]
