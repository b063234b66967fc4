"""Every route of staff wants a permission: the table is the routes of the app itself."""

from typing import Any
from uuid import UUID

import pytest

from services.billing.app import ROUTERS
from shared.contracts.permissions import BILLING_READ, STAFF_PERMISSIONS
from shared.http import Repeat, Who
from shared.http.route import DeclaredRoute
from tests.billing.house import House, code_of
from tests.billing.paid_in_brazil import open_attempt, order_and_boleto, ways_to_pay

ROUTES = [
    route for router in ROUTERS for route in router.api.routes if isinstance(route, DeclaredRoute)
]
OF_STAFF = [route for route in ROUTES if route.access.who is Who.STAFF]
SHARED = {
    "GET /v1/accounts/{account_id}/forecast",
    "GET /v1/accounts/{account_id}/prices",
    "GET /v1/boletos/{boleto_id}",
    "GET /v1/boletos/{boleto_id}/pdf",
    "GET /v1/credit-notes/{credit_note_id}",
    "GET /v1/invoices/{invoice_id}",
    "GET /v1/invoices/{invoice_id}/bank-transfer",
    "GET /v1/orders/{order_id}",
    "GET /v1/pix-codes/{payment_id}",
    "GET /v1/services/{service_id}",
    "GET /v1/invoices/{invoice_id}/pdf",
    "GET /v1/invoices/{invoice_id}/ubl",
    "GET /v1/invoices/{invoice_id}/factur-x",
    "GET /v1/credit-notes/{credit_note_id}/pdf",
    "GET /v1/credit-notes/{credit_note_id}/ubl",
    "GET /v1/credit-notes/{credit_note_id}/factur-x",
    "GET /v1/payments/{payment_id}/receipt",
    "GET /v1/why/{kind}/{id}",
}
"""Routes for the account and for staff: what staff reads there wants `billing.read`."""

SAMPLES: dict[str, str] = {"brand": "ponto", "kind": "line"}

PAYEE = {"name": "Ponto Ltda", "tax_id": "11.222.333/0001-81", "country": "BR"}
"""Who can be told in an electronic invoice."""


def name_of(route: DeclaredRoute) -> str:
    (method,) = sorted(route.methods or set())
    return f"{method} {route.path}"


def path_of(route: DeclaredRoute) -> str:
    names = route.param_convertors
    given = {name: SAMPLES.get(name, str(UUID(int=7))) for name in names}
    return route.path.format(**given)


def test_every_route_of_staff_names_a_permission_that_a_role_may_have() -> None:
    assert OF_STAFF
    nameless = [name_of(route) for route in OF_STAFF if not route.access.scope]
    unknown = {route.access.scope for route in OF_STAFF} - set(STAFF_PERMISSIONS)
    assert (nameless, unknown) == ([], set())


def test_every_permission_of_billing_is_asked_for_somewhere() -> None:
    asked = {route.access.scope for route in OF_STAFF} | {BILLING_READ}
    assert asked == {each for each in STAFF_PERMISSIONS if each.startswith("billing.")}


def test_what_staff_reads_wants_the_permission_to_read_or_the_one_to_change() -> None:
    for route in OF_STAFF:
        if route.access.scope == BILLING_READ:
            assert route.access.repeat is Repeat.READS, name_of(route)


def test_the_routes_for_accounts_and_staff_alike_are_known() -> None:
    """A new one is to be tried without the permission, as those here are in the tests of theirs."""
    shared = {name_of(route) for route in ROUTES if route.access.who is Who.USER}
    assert shared == SHARED


def test_nobody_else_needs_a_permission() -> None:
    for route in ROUTES:
        if route.access.who is not Who.STAFF:
            assert not route.access.scope, name_of(route)


async def test_staff_without_the_permission_is_refused_at_every_route(house: House) -> None:
    for route in OF_STAFF:
        others = [each for each in STAFF_PERMISSIONS if each != route.access.scope]
        await refused(house, route, token=house.staff(may=others), scope=route.access.scope)


async def test_clients_and_strangers_are_refused_at_every_route_of_staff(house: House) -> None:
    for route in OF_STAFF:
        await refused(house, route, token=house.client(house.ana))
        method, path = name_of(route).split(" ")[0], path_of(route)
        unsigned = await house.http.request(method, path)
        assert code_of(unsigned) == (401, "unauthenticated"), name_of(route)


async def refused(
    house: House, route: DeclaredRoute, *, token: str, scope: str | None = None
) -> None:
    method = name_of(route).split(" ")[0]
    answer = await house.ask(method, path_of(route), token=token)
    assert code_of(answer) == (403, "forbidden"), name_of(route)
    assert answer.headers["content-type"] == "application/problem+json"
    facts: dict[str, Any] = answer.json()
    if scope:
        assert facts["facts"] == {"scope": scope}, name_of(route)


@pytest.mark.parametrize("name", sorted(SHARED))
async def test_staff_without_the_permission_to_read_sees_nothing_of_an_account(
    house: House, name: str
) -> None:
    await house.apply_brand(payee=PAYEE, **ways_to_pay())
    order = await house.active_service(house.ana)
    payment_id = await house.fetchval(
        "select data ->> 'payment_id' from log where type = 'PaymentReceived'"
    )
    boleto = await order_and_boleto(house, house.ana, "slip.example")
    other = await house.order(house.ana, domain="pix.example")
    coded, _ = await open_attempt(house, house.ana, other["invoice_id"], method="pix")
    given = {
        "payment_id": coded if "pix-codes" in name else payment_id,
        "account_id": str(house.ana),
        "invoice_id": order["invoice_id"],
        "service_id": order["service_id"],
        "order_id": order["order_id"],
        "boleto_id": boleto["boleto_id"],
        "kind": "line",
        "id": f"{order['invoice_id']}.0",
        "credit_note_id": await credit_note(house, order["invoice_id"]),
    }
    path = name.removeprefix("GET ").format(**given)
    assert (await house.ask("GET", path, token=house.staff())).status_code == 200
    answer = await house.ask("GET", path, token=house.staff(may=[]))
    assert code_of(answer) == (403, "forbidden")


async def credit_note(house: House, invoice_id: str) -> str:
    issued = await house.do(
        "POST",
        f"/v1/invoices/{invoice_id}/credit-notes",
        {"reason": "Sorry"},
        token=house.staff(),
    )
    await house.catch_up()
    return str(issued["credit_note_id"])
