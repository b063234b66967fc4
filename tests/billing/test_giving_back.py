"""Money is given back over HTTP: by each way, in parts, never above what was paid, by two people.

And by the client itself, within the days that the brand guarantees, once.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest

from shared.contracts.permissions import STAFF_PERMISSIONS
from shared.ids import new_id
from tests.billing.card_gateway import CardGateway
from tests.billing.gateway_side import GatewaySide
from tests.billing.house import House, brand_file, code_of
from tests.billing.test_combined_payments import open_page, start, three
from tests.billing.test_refunds import balances, paid_invoice

HIGH = 10**12


def other_staff(house: House) -> str:
    """Somebody else of the brand's staff, each time."""
    return house.signers["accounts"].issue(
        "billing", subject=str(new_id()), scopes=["staff", *STAFF_PERMISSIONS], brand="ponto"
    )


def body(**changed: Any) -> dict[str, Any]:
    return {"way": "gateway", "reason": "Two days without site", **changed}


async def give_back(house: House, payment_id: str, **changed: Any) -> dict[str, Any]:
    """What must succeed; then the gateway has answered."""
    path = f"/v1/payments/{payment_id}/refunds"
    given: dict[str, Any] = await house.do("POST", path, body(**changed), token=house.staff())
    await house.until(house.is_quiet)
    return given


async def refusal(
    house: House, payment_id: str, token: str = "", **changed: Any
) -> tuple[int, str]:
    path = f"/v1/payments/{payment_id}/refunds"
    answer = await house.ask("POST", path, body(**changed), token=token or house.staff())
    return code_of(answer)


async def decide(house: House, refund_id: str, what: str, token: str) -> tuple[int, str]:
    """Approve or reject: 204, or why not."""
    path = f"/v1/refunds/{refund_id}/{what}"
    answer = await house.ask("POST", path, {"reason": "no"} if what == "rejection" else None,
                             token=token)  # fmt: skip
    return (204, "") if answer.status_code == 204 else code_of(answer)


async def claim(house: House, payment_id: str, account_id: UUID | None = None) -> tuple[int, str]:
    """201 and the status of the refund, or why not."""
    token = house.client(account_id or house.ana)
    answer = await house.ask("POST", f"/v1/payments/{payment_id}/guarantee", token=token)
    if answer.is_success:
        return answer.status_code, answer.json()["status"]
    return code_of(answer)


async def listed(house: House, path: str = "/v1/refunds", token: str = "") -> list[dict[str, Any]]:
    await house.catch_up()
    found: list[dict[str, Any]] = await house.do(
        "GET", path, token=token or house.client(house.ana)
    )
    return found


async def test_parts_go_back_by_each_way_until_nothing_is_left(house: House) -> None:
    invoice_id, payment_id = await paid_invoice(house)
    kept = await give_back(house, payment_id, way="credit", amount_minor=500)
    assert kept["status"] == "done"
    names = await house.names(house.ana)
    assert names[names.index("RefundRequested") :] == [
        "RefundRequested",
        "RefundOrdered",
        "CreditNoteIssued",
        "CreditGiven",
        "RefundDone",
    ]
    books = {"gateway_clearing": 2990, "client_credit": -500, "revenue": -2490}
    assert await balances(house) == books
    handed = await give_back(house, payment_id, way="by_hand", amount_minor=700)
    assert handed["status"] == "done"
    sent = await give_back(house, payment_id, amount_minor=800)
    assert sent["status"] == "ordered"
    assert await balances(house) == {
        "gateway_clearing": 2190,
        "paid_by_hand": -700,
        "client_credit": -500,
        "revenue": -990,
    }
    assert await refusal(house, payment_id, amount_minor=1491) == (409, "refund_exceeds_payment")
    assert await refusal(house, payment_id, way="credit") == (409, "refund_exceeds_invoice")
    rest = await give_back(house, payment_id)
    assert rest["amount_minor"] == 1490
    assert await balances(house) == {"gateway_clearing": 700, "paid_by_hand": -700}
    assert await refusal(house, payment_id) == (409, "refund_exceeds_payment")
    assert (await house.invoice(house.ana, invoice_id))["status"] == "refunded"
    mine = await listed(house)
    assert [(r["way"], r["amount_minor"], r["status"]) for r in mine] == [
        ("gateway", 1490, "done"),
        ("gateway", 800, "done"),
        ("by_hand", 700, "done"),
        ("credit", 500, "done"),
    ]
    staff = await listed(house, f"/v1/accounts/{house.ana}/refunds", house.staff())
    assert staff == mine
    assert await listed(house, token=house.client(house.rui)) == []
    assert await house.findings() == []


async def test_what_cannot_go_back_is_refused_and_leaves_nothing(house: House) -> None:
    _, payment_id = await paid_invoice(house)
    other = await house.order(house.ana, domain="other.example")
    unpaid, _ = await house.start_payment(house.ana, other["invoice_id"])
    refused: list[tuple[str, dict[str, Any], tuple[int, str]]] = [
        (payment_id, {"amount_minor": 2991}, (409, "refund_exceeds_payment")),
        (payment_id, {"amount_minor": HIGH - 1}, (409, "refund_exceeds_payment")),
        (payment_id, {"amount_minor": HIGH}, (422, "malformed_request")),
        (payment_id, {"amount_minor": 0}, (422, "malformed_request")),
        (payment_id, {"amount_minor": -1}, (422, "malformed_request")),
        (payment_id, {"amount_minor": 0.5}, (422, "malformed_request")),
        (payment_id, {"way": "at_gateway"}, (422, "malformed_request")),
        (payment_id, {"approved_by": "me"}, (422, "malformed_request")),
        (payment_id, {"invoice_id": other["invoice_id"]}, (404, "not_found")),
        (payment_id, {"source": "credit"}, (409, "credit_too_small")),
        (payment_id, {"source": "credit", "way": "credit"}, (409, "refund_exceeds_invoice")),
        (unpaid, {}, (409, "payment_not_received")),
        (str(new_id()), {}, (404, "not_found")),
    ]
    for id, changed, expected in refused:
        assert await refusal(house, id, **changed) == expected, changed
    assert await refusal(house, payment_id, house.staff("sol")) == (404, "not_found")
    assert await refusal(house, payment_id, house.client(house.ana)) == (403, "forbidden")
    may = house.staff(may=["billing.read", "billing.correct", "billing.approve_refund"])
    assert await refusal(house, payment_id, may) == (403, "forbidden")
    assert "RefundRequested" not in await house.names(house.ana)


async def test_above_the_limit_a_second_person_approves_once(house: House) -> None:
    """R26, and not by small parts either."""
    await house.apply_brand(rules={"refund_alone_maximum_minor": 1000})
    _, payment_id = await paid_invoice(house)
    assert (await give_back(house, payment_id, amount_minor=600))["status"] == "ordered"
    waiting = await give_back(house, payment_id, amount_minor=600)
    assert waiting["status"] == "requested"
    assert (await balances(house))["gateway_clearing"] == 2390
    of_brand = "/v1/brands/ponto/refunds"
    (shown,) = await listed(house, of_brand, house.staff())
    id = waiting["refund_id"]
    assert shown["refund_id"] == id
    assert await house.fetchval("select status from staff_task where key = $1", id) == "open"
    assert await decide(house, id, "approval", house.staff()) == (409, "refund_needs_another")
    assert await decide(house, id, "approval", house.staff("sol")) == (404, "not_found")
    may_not = house.staff(may=["billing.read", "billing.refund"])
    assert await decide(house, id, "approval", may_not) == (403, "forbidden")
    assert await refusal(house, payment_id, amount_minor=1791) == (409, "refund_exceeds_payment")
    said = await asyncio.gather(
        *(decide(house, id, "approval", other_staff(house)) for _ in range(6))
    )
    assert sorted(said) == [(204, "")] + [(409, "refund_is_decided")] * 5
    await house.until(house.is_quiet)
    assert (await balances(house))["gateway_clearing"] == 1790
    assert await house.fetchval("select status from staff_task where key = $1", id) == "done"
    assert await listed(house, of_brand, house.staff()) == []
    again = (await give_back(house, payment_id))["refund_id"]
    assert await decide(house, again, "rejection", other_staff(house)) == (204, "")
    refused = await decide(house, again, "approval", other_staff(house))
    assert refused == (409, "refund_is_decided")
    (declined,) = await listed(house, f"{of_brand}?status=declined", house.staff())
    assert (declined["problem"], declined["amount_minor"]) == ("no", 1790)
    assert (await house.names(house.ana)).count("PaymentRefunded") == 2
    assert await house.findings() == []


async def test_what_the_payers_bank_took_while_it_waited_is_not_given_back_as_well(
    house: House,
) -> None:
    await house.apply_brand(rules={"refund_alone_maximum_minor": 0})
    _, payment_id = await paid_invoice(house)
    waiting = await give_back(house, payment_id)
    await GatewaySide(house).dispute(payment_id, outcome="lost")
    await house.inquiry.ask(UUID(payment_id))
    said = await decide(house, waiting["refund_id"], "approval", other_staff(house))
    assert said == (409, "payment_not_refundable")
    assert await balances(house) == {"receivable": 2990, "revenue": -2990}
    assert await decide(house, waiting["refund_id"], "rejection", other_staff(house)) == (204, "")
    assert await house.findings() == []


async def test_of_several_invoices_the_one_that_is_meant_is_credited_or_all(house: House) -> None:
    gateway = CardGateway()
    with house.behind(gateway):
        ids = await three(house)
        payment_id = (await start(house, ids))["payment_id"]
        await open_page(house, payment_id)
        gateway.pay(payment_id)
        await house.inquiry.ask(UUID(payment_id))
        await house.catch_up()
        meant: dict[str, Any] = {"way": "by_hand", "invoice_id": ids[1]}
        beyond = await refusal(house, payment_id, **meant, amount_minor=2991)
        assert beyond == (409, "refund_exceeds_invoice")
        await give_back(house, payment_id, **meant, amount_minor=2990)
        statuses = [(await house.invoice(house.ana, id))["status"] for id in ids]
        assert statuses == ["paid", "credited", "paid"]
        await give_back(house, payment_id, way="by_hand")
        statuses = [(await house.invoice(house.ana, id))["status"] for id in ids]
        assert statuses == ["refunded"] * 3
    assert await balances(house) == {"gateway_clearing": 8970, "paid_by_hand": -8970}
    assert await house.findings() == []


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_whatever_is_asked_for_no_more_goes_back_than_was_paid(
    house: House, seed: int
) -> None:
    """I1 and I3: what went back, what is credit and what is kept sum to what was paid."""
    await house.apply_brand(rules={"refund_alone_maximum_minor": 1500})
    _, payment_id = await paid_invoice(house)
    random = Random(seed)
    waiting: list[str] = []
    for _ in range(25):
        if waiting and random.random() < 0.3:
            what = random.choice(["approval", "rejection"])
            await decide(house, waiting.pop(), what, other_staff(house))
            continue
        wanted = body(
            way=random.choice(["gateway", "by_hand", "credit"]),
            source=random.choice(["invoices", "invoices", "credit"]),
            amount_minor=random.choice([1, 99, 400, 1000, 2990]),
        )
        path = f"/v1/payments/{payment_id}/refunds"
        answer = await house.ask("POST", path, wanted, token=house.staff())
        assert answer.status_code in {201, 409}, answer.text
        if answer.is_success and answer.json()["status"] == "requested":
            waiting.append(answer.json()["refund_id"])
        await house.turn()
    await house.until(house.is_quiet)
    books = await balances(house)
    back = -books.get("paid_by_hand", 0) + 2990 - books.get("gateway_clearing", 0)
    assert 0 < back <= 2990 and books.get("refund", 0) == 0
    assert back - books.get("client_credit", 0) - books.get("revenue", 0) == 2990
    done = [r for r in await listed(house) if r["status"] == "done" and r["way"] != "credit"]
    assert sum(r["amount_minor"] for r in done) == back
    assert await house.findings() == []


async def first_bought(house: House, **rules: Any) -> tuple[dict[str, str], str]:
    """A service that runs and the first payment, which was for it."""
    await house.apply_brand(rules=rules)
    placed = await house.active_service(house.ana)
    await house.catch_up()
    query = "select payment_id from first_payment where account_id = $1"
    return placed, str(await house.fetchval(query, house.ana))


async def test_a_client_takes_its_first_payment_back_once_and_what_it_was_for_ends(
    house: House,
) -> None:
    placed, payment_id = await first_bought(house, guarantee_days=7, refund_alone_maximum_minor=0)
    second = await house.order(house.ana, domain="second.example")
    later = await house.pay(house.ana, second["invoice_id"])
    await house.until_service_is("active", second["service_id"])
    assert await claim(house, later) == (409, "not_the_first_payment")
    assert await claim(house, payment_id, house.rui) == (404, "not_found")
    plan = {"at": "period_end", "reason": "moving"}
    path = f"/v1/services/{placed['service_id']}/cancellation"
    await house.do("POST", path, plan, token=house.client(house.ana))
    said = await asyncio.gather(*(claim(house, payment_id) for _ in range(5)))
    assert sorted(said) == [(201, "ordered")] + [(409, "refund_exceeds_payment")] * 4
    await house.until(house.is_quiet)
    assert await house.service_status(placed["service_id"]) == "cancelled"
    assert await house.service_status(second["service_id"]) == "active"
    assert (await house.invoice(house.ana, placed["invoice_id"]))["status"] == "refunded"
    assert await balances(house) == {"gateway_clearing": 2990, "revenue": -2990}
    assert (await house.names(house.ana)).count("PaymentRefunded") == 1
    (mine,) = await listed(house)
    assert (mine["reason"], mine["status"], mine["amount_minor"]) == ("guarantee", "done", 2990)
    assert await house.findings() == []


async def test_the_guarantee_is_for_its_days_alone(house: House) -> None:
    """The product's own days come before the brand's."""
    _, payment_id = await first_bought(house)
    over = (409, "guarantee_over")
    assert await claim(house, payment_id) == over
    first = await house.today()
    products = brand_file()["products"]
    products[0]["rules"] = {"guarantee_days": 0}
    await house.apply_brand(rules={"guarantee_days": 7}, products=products)
    assert await claim(house, payment_id) == over
    await house.apply_brand(rules={"guarantee_days": 1})
    await house.play_until(first + timedelta(days=2))
    assert await claim(house, payment_id) == over
    await house.apply_brand(rules={"guarantee_days": 2})
    assert await claim(house, payment_id) == (201, "ordered")


async def test_where_the_gateway_gives_nothing_back_staff_pays_the_guarantee_by_hand(
    house: House,
) -> None:
    placed, payment_id = await first_bought(house, guarantee_days=7)
    gives_nothing = replace(house.gateway.capabilities, refunds=False)
    with patch.object(house.gateway, "capabilities", gives_nothing):
        assert await refusal(house, payment_id) == (409, "gateway_cannot")
        assert await claim(house, payment_id) == (201, "requested")
        assert await claim(house, payment_id) == (409, "refund_exceeds_payment")
    await house.until_service_is("cancelled", placed["service_id"])
    (waiting,) = await listed(house, "/v1/brands/ponto/refunds", house.staff())
    assert waiting["way"] == "by_hand"
    assert await decide(house, waiting["refund_id"], "approval", other_staff(house)) == (204, "")
    assert await balances(house) == {"gateway_clearing": 2990, "paid_by_hand": -2990}
    assert await house.findings() == []
