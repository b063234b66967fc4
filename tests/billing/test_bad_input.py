"""Prices, quantities and dates that cannot be: every route that takes one names the field, 422.

Which fields there are is read off the routes themselves, so that a new one is tried as well.
"""

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from services.billing.app import ROUTERS
from services.billing.brands.bodies import BrandBody
from shared.contracts.permissions import STAFF_PERMISSIONS
from shared.ids import new_id
from tests.billing.house import House, brand_file, price
from tests.billing.paid_in_brazil import RECEIVER, ways_to_pay

NOBODY = str(UUID(int=9))
DIGITS = "\u0661\u0662"
"""Twelve, in the digits of Arabic."""
HUGE = (2**63, 10**30)
NEVER_INTEGER: tuple[Any, ...] = ("12", DIGITS, "1_000", 1.5, -0.0, True, [], {"a": 1}, *HUGE)
NEVER_DATE: tuple[Any, ...] = (
    "2026-02-30",
    "2026-13-01",
    "20261201",
    "2026-12-01T00:00:00Z",
    "2026-12-01 10:00",
    "1764547200",
    f"2026-{DIGITS}-01",
    "0001-01-01",
    "9999-12-31",
    "-2026-12-01",
    "",
    "tomorrow",
    1764547200,
    1.5,
    True,
)
NEVER_DECIMAL: tuple[Any, ...] = (
    "-1",
    "1.00000001",
    "1e3",
    "1e1000000",
    "NaN",
    "Infinity",
    DIGITS,
    "1_000",
    " 1",
    "1,5",
    "0x10",
    "",
    "9" * 30,
    12,
    12.5,
    True,
)
NEVER_JSON = ("NaN", "Infinity", "-Infinity", "1e1000000", "01", "0x10", "1_000")
"""Not even tokens of JSON, or numbers that no float holds."""

CHANGE = {
    "quantity": 2,
    "options": [{"option": "memory", "quantity": 1}],
    "product_id": NOBODY,
}
PROMOTION = {
    "code": "SPRING",
    "kind": "percent",
    "label": {"en": "Spring"},
    "rate_percent": "10",
    "amounts": {"BRL": 100},
    "periods": 3,
    "starts_on": "2026-11-01",
    "ends_on": "2026-12-31",
    "limit": 5,
    "limit_per_client": 1,
}
OPTION = {
    "id": "mailboxes",
    "kind": "quantity",
    "name": {"en": "Mailboxes"},
    "minimum": 0,
    "maximum": 5,
    "prices": [{**price(), "currency": "BRL"}],
    "values": [{"id": "a", "name": {"en": "A"}, "prices": [{**price(), "currency": "BRL"}]}],
}
PRODUCT = {
    "slug": "start",
    "name": {"en": "Start"},
    "prices": [{**price(), "currency": "BRL"}],
    "sort": 1,
    "stock": 5,
    "term_periods": 12,
    "options": [OPTION],
    "revisions": [
        {
            "effective_on": "2027-01-01",
            "prices": [{**price(), "currency": "BRL"}],
            "stock": 4,
            "options": [OPTION],
        }
    ],
}
BRAND = brand_file(
    products=[PRODUCT],
    promotions=[PROMOTION],
    groups=[{"slug": "web", "name": {"en": "Web"}, "sort": 1}],
    dunning={
        "new_order_due_days": 0,
        "renewal_days_before": 14,
        "reminder_days_before": [7],
        "overdue_notice_days": [1],
        "suspension_days": 5,
        "suspension_warning_days": 2,
        "termination_days": 30,
        "unpaid_order_days": 7,
    },
    tax={
        "mode": "exclusive",
        "seller_country": "BR",
        "rates": [{"name": "ISS", "percent": "5", "country": "BR", "level": 1}],
    },
)
BRAND["payment_methods"][0]["clearing_days"] = 1
BRAND["bank_accounts"] = [
    {**ways_to_pay()["bank_accounts"][0], "first_number": 1, "due_in_days": 3, "payable_days": 30}
]
BRAND["pix_receivers"] = [{**RECEIVER, "expires_after_minutes": 60}]
DUE = "2026-12-05"
BODIES: dict[str, Any] = {
    "POST /v1/services/{service_id}/renewals": {"periods": 1},
    "POST /v1/staff/services/{service_id}/suspension/end": {"until": "2026-12-31"},
    "POST /v1/top-ups": {"amount_minor": 5000, "method": "card"},
    "POST /v1/boletos/{boleto_id}/duplicates": {"pay_by": DUE},
    "POST /v1/payments/{payment_id}/refunds": {
        "way": "gateway",
        "reason": "Sorry",
        "amount_minor": 100,
    },
    "POST /v1/bank-entries/{entry_id}/confirmation": {"reading": 0},
    "POST /v1/bank-entries/{entry_id}/assignment": {
        "invoices": [{"invoice_id": NOBODY, "amount_minor": 100}]
    },
    "POST /v1/services/{service_id}/changes/preview": CHANGE,
    "POST /v1/services/{service_id}/changes": CHANGE,
    "POST /v1/carts/{cart_id}/items": {"cycle": "monthly", "domain": "a.example", **CHANGE},
    "PUT /v1/carts/{cart_id}/items/{item_id}": {"cycle": "monthly", **CHANGE},
    "POST /v1/carts/{cart_id}/renewals": {"service_id": NOBODY, "periods": 1},
    "PUT /v1/carts/{cart_id}/renewals/{item_id}": {"periods": 1},
    "POST /internal/business-days": {"brand": "ponto", "day": DUE},
    "POST /v1/brands/{brand}/what-if": {
        "first": "2025-11-01",
        "last": "2026-10-31",
        "rules": {},
        "price_change_percent": "3.5",
    },
    "POST /v1/invoices/{invoice_id}/credit-notes": {
        "reason": "Late",
        "lines": [{"line": 0, "amount_minor": 500}],
    },
    "POST /v1/invoices/{invoice_id}/corrections": {
        "reason": "Wrong",
        "due_on": DUE,
        "lines": [{"line": 0, "description": "Pro", "net_minor": 2500}],
    },
    "POST /v1/accounts/{account_id}/billable-items": {
        "description": "Restore",
        "net_minor": 9900,
        "currency": "BRL",
        "due": "on_date",
        "bill_on": DUE,
        "due_on": DUE,
    },
    "POST /v1/drafts/{draft_id}/lines": {
        "description": "Work",
        "quantity": "2.5",
        "unit_minor": 12000,
    },
    "PUT /v1/drafts/{draft_id}/lines/{line_id}": {
        "description": "Work",
        "quantity": "2.5",
        "unit_minor": 12000,
    },
    "POST /v1/drafts/{draft_id}/issue": {"due_on": DUE},
    "POST /v1/brands/{brand}/promotions": PROMOTION,
    "PUT /v1/brands/{brand}/promotions/{promotion_id}": PROMOTION,
    "PUT /v1/accounts/{account_id}/prices/{product_id}": {
        "prices": [{"cycle": "annual", "currency": "BRL", "recurring_minor": 100, "setup_minor": 0}]
    },
    "PUT /internal/brands/{slug}": BRAND,
}
"""Route -> a body with every number and date that it may have."""

Path = tuple[str | int, ...]


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """A field that is a number or a date; `kind`: integer, date, or as a text decimal or number."""

    route: str
    path: Path
    kind: str
    schema: dict[str, Any]


def schemas() -> dict[str, dict[str, Any]]:
    """Route -> the JSON schema of its body."""
    found: dict[str, dict[str, Any]] = {}
    for router in ROUTERS:
        for route in router.api.routes:
            body: Any = getattr(route, "body_field", None)
            model = body and body.field_info.annotation
            if hasattr(model, "model_json_schema"):
                (method,) = getattr(route, "methods", {""})
                found[f"{method} {getattr(route, 'path', '')}"] = model.model_json_schema()
    return found


def leaves(route: str, schema: dict[str, Any]) -> Iterator[Leaf]:
    """The numbers and dates of a body, those in lists as the first of their list."""
    defs = schema.get("$defs", {})

    def walk(part: dict[str, Any], path: Path) -> Iterator[Leaf]:
        if "$ref" in part:
            part = defs[part["$ref"].rpartition("/")[2]]
        for each in part.get("anyOf", []):
            yield from walk(each, path)
        for name, each in part.get("properties", {}).items():
            yield from walk(each, (*path, name))
        if "items" in part:
            yield from walk(part["items"], (*path, 0))
        if isinstance(part.get("additionalProperties"), dict) and path:
            yield from walk(part["additionalProperties"], (*path, "BRL"))
        if part.get("type") == "integer":
            yield Leaf(route=route, path=path, kind="integer", schema=part)
        elif part.get("type") == "number":
            yield Leaf(route=route, path=path, kind="number", schema=part)
        elif part.get("format") == "date":
            yield Leaf(route=route, path=path, kind="date", schema=part)
        elif str(part.get("pattern", "")).startswith("^[0-9]"):
            yield Leaf(route=route, path=path, kind="decimal", schema=part)

    yield from walk(schema, ())


LEAVES = [leaf for route, schema in schemas().items() for leaf in leaves(route, schema)]


def at(body: Any, path: Path) -> Any:
    for step in path:
        body = body[step]
    return body


def put(body: Any, path: Path, value: Any) -> Any:
    """A body like this with another value there."""
    changed = copy.deepcopy(body)
    at(changed, path[:-1])[path[-1]] = value
    return changed


def never(leaf: Leaf) -> list[Any]:
    """Values that the field must not take."""
    match leaf.kind:
        case "date":
            return list(NEVER_DATE)
        case "decimal":
            return list(NEVER_DECIMAL)
        case "number":
            beyond = [f"{leaf.schema['minimum'] - 1:.0f}", f"{leaf.schema['maximum'] + 1:.0f}"]
            return [*(each for each in NEVER_DECIMAL if each != "-1"), *beyond]
    schema = leaf.schema
    if "enum" in schema:
        return [*NEVER_INTEGER, 7]
    lowest = schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
    highest = schema.get("maximum", schema.get("exclusiveMaximum", 0) - 1)
    return [*NEVER_INTEGER, lowest - 1, highest + 1]


def test_every_field_that_is_a_number_or_a_date_is_tried() -> None:
    for leaf in LEAVES:
        assert leaf.route in BODIES, f"{leaf.route} takes {leaf.path}"
        at(BODIES[leaf.route], leaf.path)


def test_every_whole_number_has_bounds() -> None:
    for leaf in LEAVES:
        if leaf.kind == "integer" and "enum" not in leaf.schema:
            bounds = leaf.schema.keys() & {"minimum", "exclusiveMinimum"}
            bounds |= leaf.schema.keys() & {"maximum", "exclusiveMaximum"}
            assert len(bounds) == 2, f"{leaf.route} {leaf.path}"


def address(route: str) -> tuple[str, str]:
    """Method and path, with ids of nothing: a body is looked at before what it is about."""
    method, path = route.split(" ")
    known = {"brand": "ponto", "slug": "other"}
    for name in ("service_id", "invoice_id", "account_id", "draft_id", "line_id", "promotion_id"):
        known[name] = NOBODY
    for name in ("cart_id", "item_id", "product_id", "boleto_id", "entry_id", "payment_id"):
        known[name] = NOBODY
    return method, path.format(**known)


def token_for(house: House, route: str) -> str:
    """Of a new person each time: nobody may ask as often as this."""
    if "/internal/" in route:
        return house.internal()
    of_clients = ("/v1/services/", "/v1/carts/", "/v1/boletos/", "/v1/top-ups")
    is_clients = any(part in route for part in of_clients)
    kind = ["client"] if is_clients else ["staff", *STAFF_PERMISSIONS]
    account_id = house.ana if kind == ["client"] else None
    return house.signers["accounts"].issue(
        "billing", subject=str(new_id()), scopes=kind, brand="ponto", account_id=account_id
    )


async def ask_raw(house: House, route: str, text: str) -> Any:
    method, path = address(route)
    headers = {
        "authorization": f"Bearer {token_for(house, route)}",
        "idempotency-key": str(new_id()),
        "content-type": "application/json",
    }
    return await house.http.request(method, path, content=text.encode(), headers=headers)


async def test_a53_a54_no_route_takes_a_number_or_a_date_that_cannot_be(house: House) -> None:
    before = await house.fetchval("select count(*) from events")
    for leaf in LEAVES:
        body = BODIES[leaf.route]
        for value in never(leaf):
            answer = await ask_raw(house, leaf.route, json.dumps(put(body, leaf.path, value)))
            said = f"{leaf.route} {leaf.path} {value!r}: {answer.status_code} {answer.text}"
            assert answer.status_code == 422, said
            errors = answer.json().get("errors", [])
            is_named = any(_names(error["field"], leaf.path) for error in errors)
            assert is_named or value in HUGE, said  # of such a number the whole body is refused
    assert await house.fetchval("select count(*) from events") == before


def _names(field: str, path: Path) -> bool:
    return all(str(step) in field.split(".") for step in path)


@pytest.mark.parametrize("token", NEVER_JSON)
async def test_a53_no_route_takes_what_is_no_number_of_json(house: House, token: str) -> None:
    before = await house.fetchval("select count(*) from events")
    for route in {leaf.route for leaf in LEAVES if leaf.kind == "integer"}:
        leaf = next(each for each in LEAVES if (each.route, each.kind) == (route, "integer"))
        text = json.dumps(put(BODIES[route], leaf.path, "HERE")).replace('"HERE"', token)
        answer = await ask_raw(house, route, text)
        assert answer.status_code in {400, 422}, f"{route} {token}: {answer.text}"
    assert await house.fetchval("select count(*) from events") == before


PRICES_OF_OTHERS = ("price_minor", "total_minor", "net_total", "tax_minor", "discount_percent")


async def test_a52_no_route_takes_a_price_from_who_is_to_pay_it(house: House) -> None:
    """Nor any other field that it does not know (CVE-2023-3228)."""
    bodies = {
        **BODIES,
        "POST /v1/orders": {"product_id": NOBODY, "cycle": "monthly", "domain": "a.example"},
        "POST /v1/invoices/{invoice_id}/payments": {"method": "card"},
    }
    for route, body in bodies.items():
        for name in PRICES_OF_OTHERS:
            method, path = address(route)
            token = token_for(house, route.replace("/v1/orders", "/v1/services/"))
            token = house.client(house.ana) if route.endswith("/payments") else token
            answer = await house.ask(method, path, {**body, name: 1}, token=token)
            assert answer.status_code == 422, f"{route} {name}: {answer.text}"
            fields = [error["field"] for error in answer.json()["errors"]]
            assert f"body.{name}" in fields, f"{route} {name}"


RULES: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("suspension_days", (-1, 0, 1.5, "5", 10**9, 2**63, True, None, [5])),
    ("renewal_days_before", (-1, 1.5, "5", 10**9)),
    ("reminder_days_before", ([-1], [1.5], ["5"], 5, [10**9], [2**63])),
    ("late_fee", ({"kind": "fixed", "amount_minor": -1}, {"kind": "fixed", "amount_minor": 2**63})),
    ("late_fee", ({"kind": "percent", "rate_percent": "-1"}, {"kind": "other"}, {"x": 1})),
    ("late_fee", ({"kind": "percent", "rate_percent": "NaN"}, {"after_days": -1})),
    ("top_up_minimum_minor", (-1, 0.001, "1", 2**63)),
    ("align_day", (0, 32, -1, 1.5, "1")),
    ("no_such_rule", (1,)),
)


async def test_no_rule_takes_a_span_or_an_amount_that_cannot_be(house: House) -> None:
    before = await house.fetchval("select count(*) from events")
    path = f"/v1/accounts/{house.ana}/rules"
    for name, values in RULES:
        for value in values:
            answer = await house.ask("PUT", path, {"rules": {name: value}}, token=house.staff())
            assert answer.status_code == 422, f"{name} {value!r}: {answer.text}"
            changed = {**brand_file(), "rules": {name: value}}
            internal = house.internal()
            answer = await house.ask("PUT", "/internal/brands/other", changed, token=internal)
            assert answer.status_code == 422, f"{name} {value!r} of a brand: {answer.text}"
    assert await house.fetchval("select count(*) from events") == before


def test_the_body_of_a_brand_is_one_that_is_taken() -> None:
    """So what is refused is refused for the field that was changed."""
    BrandBody.model_validate_json(json.dumps(BRAND))
