"""What was learnt late: a payment of an earlier day, and the account as of then and as of now."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec
from hypothesis import given as given_any
from hypothesis import strategies as st
from msgspec.structs import replace

from services.billing.gateways.port import Reported
from services.billing.payments.commands import SettlePayment, settle_payment
from services.billing.statements.history import HISTORY
from services.billing.statements.statement import AsOf, statement_of
from shared.clock import local_date
from shared.consumers import Envelope
from shared.contracts import PublicEvent, billing
from shared.store import Cause
from tests.billing.house import House, code_of, envelope_of
from tests.billing.test_automation_rules import give_credit

Status = Literal["pending", "succeeded"]
DAY = timedelta(days=1)
CAUSE = Cause(actor="test")
FEE = {"kind": "fixed", "amount_minor": 700, "after_days": 3}
INVOICE, PAYMENT, SERVICE = UUID(int=1), UUID(int=2), UUID(int=3)
NOVEMBER = date(2026, 11, 1)


# ------------------------------------------------------------------------------ decided again


async def suspended(house: House) -> tuple[dict[str, str], str, date]:
    """A service that is suspended, its unpaid invoice and the due date; the fee was charged."""
    await house.apply_brand(rules={"late_fee": FEE})
    service = await house.active_service(house.ana)
    due: date = await house.fetchval("select next_due_on from service_list")
    await house.play(due - DAY)
    invoice = (await house.invoices(house.ana))[-1]["invoice_id"]
    await house.play(due + 6 * DAY)
    assert await house.service_status(service["service_id"]) == "suspended"
    assert len(await house.invoices(house.ana)) == 3
    return service, invoice, due


async def learn_of_payment(house: House, invoice_id: str, *, paid_on: date) -> None:
    """The bank tells today of money that came on `paid_on`."""
    payment_id, _ = await house.start_payment(house.ana, invoice_id)
    await settle(house, payment_id, paid_on=paid_on)


async def settle(
    house: House, payment_id: str, *, paid_on: date | None, status: Status = "succeeded"
) -> None:
    """The gateway says that the money of the attempt came on `paid_on`, or is to come."""
    asked = [f for n, f in await house.events(house.ana) if n == "PaymentStarted"]
    (started,) = (each for each in asked if each["payment_id"] == payment_id)
    checkout = Reported(
        id="chk_1",
        reference=payment_id,
        amount_minor=started["amount_minor"],
        currency="BRL",
        status=status,
        paid_on=paid_on,
    )
    command = SettlePayment(payment_id=UUID(payment_id), reported=checkout)
    await house.store.run(CAUSE, lambda tx: settle_payment(command, tx))
    await house.catch_up()
    await house.until(house.is_quiet)


async def test_a_payment_of_before_lifts_the_suspension_and_voids_the_fee_by_new_events(
    house: House,
) -> None:
    service, invoice_id, due = await suspended(house)
    before = await house.events(house.ana)
    await learn_of_payment(house, invoice_id, paid_on=due + DAY)
    after = await house.events(house.ana)
    assert after[: len(before)] == before
    names = [name for name, _ in after[len(before) :]]
    assert {"PaymentReceived", "InvoicePaid", "InvoiceCancelled", "ServiceUnsuspended"} <= set(
        names
    )
    assert await house.service_status(service["service_id"]) == "active"
    fee = (await house.invoices(house.ana))[-1]
    assert (fee["status"], fee["open_minor"]) == ("cancelled", 0)
    cancelled = next(fields for name, fields in after if name == "InvoiceCancelled")
    assert cancelled["reason"] == "paid_in_time"
    received = [fields for name, fields in after if name == "PaymentReceived"][-1]
    assert received["received_on"] == (due + DAY).isoformat()
    assert await house.findings() == []


async def test_a_payment_of_after_the_fee_lifts_the_suspension_and_leaves_the_fee(
    house: House,
) -> None:
    service, invoice_id, due = await suspended(house)
    await learn_of_payment(house, invoice_id, paid_on=due + 4 * DAY)
    assert await house.service_status(service["service_id"]) == "active"
    fee = (await house.invoices(house.ana))[-1]
    assert (fee["status"], fee["open_minor"]) == ("unpaid", 700)
    assert await house.findings() == []


async def test_a_fee_that_is_void_is_not_made_void_again_and_no_new_one_is_charged(
    house: House,
) -> None:
    _, invoice_id, due = await suspended(house)
    await learn_of_payment(house, invoice_id, paid_on=due)
    await house.play(due + 9 * DAY)
    names = await house.names(house.ana)
    assert names.count("InvoiceCancelled") == 1
    assert len(await house.invoices(house.ana)) == 3


async def test_a_fee_that_was_paid_is_taken_back_by_a_credit_note(house: House) -> None:
    _, invoice_id, due = await suspended(house)
    fee_id = (await house.invoices(house.ana))[-1]["invoice_id"]
    await house.pay_and_settle(house.ana, fee_id)
    await learn_of_payment(house, invoice_id, paid_on=due + DAY)
    fee = await house.invoice(house.ana, fee_id)
    assert (fee["status"], fee["paid_minor"], fee["credited_minor"]) == ("credited", 700, 700)
    (note,) = await house.do("GET", "/v1/credit-notes", token=house.client(house.ana))
    assert (note["invoice_id"], note["returned_minor"]) == (fee_id, 700)
    given = [fields for name, fields in await house.events(house.ana) if name == "CreditGiven"]
    assert [each["amount_minor"] for each in given] == [700]
    answer = await house.do(
        "GET", f"/v1/why/credit_note/{note['credit_note_id']}", token=house.client(house.ana)
    )
    assert answer["rule"] == "credit_note.paid_in_time"
    assert (due + DAY).strftime("%d/%m/%Y") in answer["sentence"]
    assert await house.findings() == []


async def test_a_fee_whose_money_is_on_its_way_is_taken_back_when_it_has_come(
    house: House,
) -> None:
    _, invoice_id, due = await suspended(house)
    fee_id = (await house.invoices(house.ana))[-1]["invoice_id"]
    pending, _ = await house.start_payment(house.ana, fee_id)
    await settle(house, pending, paid_on=None, status="pending")
    await learn_of_payment(house, invoice_id, paid_on=due + DAY)
    assert (await house.invoice(house.ana, fee_id))["status"] == "payment_pending"
    await settle(house, pending, paid_on=due + 6 * DAY)
    assert (await house.invoice(house.ana, fee_id))["status"] == "credited"
    assert await house.findings() == []


async def test_a_fee_for_what_only_credit_of_later_settled_stands(house: House) -> None:
    """A part had come in time, but not the rest: on the day of the fee that was open."""
    service, invoice_id, due = await suspended(house)
    await give_credit(house, house.ana, 1000)
    path = f"/v1/invoices/{invoice_id}/credit"
    used = await house.do("POST", path, token=house.client(house.ana))
    assert used["open_minor"] == 1990
    await learn_of_payment(house, invoice_id, paid_on=due + DAY)
    assert await house.service_status(service["service_id"]) == "active"
    fee = (await house.invoices(house.ana))[-1]
    assert (fee["status"], fee["open_minor"]) == ("unpaid", 700)
    assert await house.findings() == []


async def test_money_is_never_received_on_a_day_to_come(house: House) -> None:
    order = await house.order(house.ana)
    today = await house.today()
    await learn_of_payment(house, order["invoice_id"], paid_on=today + 9 * DAY)
    received = [f for name, f in await house.events(house.ana) if name == "PaymentReceived"]
    assert received[0]["received_on"] == today.isoformat()


async def test_a_statement_reads_the_rows_of_its_account_and_no_others(house: House) -> None:
    """Of a partition with five hundred accounts, and as prepared statements are planned."""
    async with house.store.pool.acquire() as db:
        await db.execute(FULL_PARTITION, house.ana)
        await db.execute("set plan_cache_mode = force_generic_plan")
        prepared = HISTORY.replace("$1", "$1::smallint").replace("$2", "$2::uuid")
        await db.execute(f"prepare history as {prepared}")
        text = await db.fetchval(
            f"explain (analyze, format json) execute history (7, '{house.ana}')"
        )
        await db.execute("deallocate history; reset plan_cache_mode")
    (plan,) = msgspec.json.decode(text)
    nodes = list(_nodes(plan["Plan"]))
    assert [node["Index Name"] for node in nodes if "Index Name" in node] == ["log_of_account"]
    assert all("Seq Scan" not in node["Node Type"] for node in nodes)
    assert sum(node.get("Rows Removed by Filter", 0) for node in nodes) == 0
    assert plan["Plan"]["Actual Rows"] == 40


FULL_PARTITION = """
insert into log (partition, position, id, type, version, account_id, brand, occurred_at, actor,
                 correlation_id, traceparent, data, hash)
select 7, 100000 + n, gen_random_uuid(), 'InvoiceIssued', 1,
       case when n % 500 = 0 then $1 else md5((n % 500)::text)::uuid end, 'ponto', now(), 'test',
       gen_random_uuid(), '', '{}', ''
from generate_series(1, 20000) as n
"""


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from _nodes(child)


async def test_the_statement_of_a_day_depends_on_what_was_known(house: House) -> None:
    _, invoice_id, due = await suspended(house)
    await house.play(due + 8 * DAY)
    before = house.store.clock.now()
    await learn_of_payment(house, invoice_id, paid_on=due + DAY)
    token = house.client(house.ana)
    day = (due + 2 * DAY).isoformat()

    async def statement(**params: str) -> Any:
        query = "&".join(f"{name}={value}" for name, value in params.items())
        return await house.do("GET", f"/v1/statement?{query}", token=token)

    known = before.isoformat().replace("+00:00", "Z")
    assert (await statement(true_on=day, known_at=known))["owed_minor"] == {"BRL": 2990}
    now = await statement(true_on=day)
    assert now["owed_minor"] == {}
    assert [each["open_minor"] for each in now["invoices"]] == [0, 0]
    assert [each["status"] for each in now["services"]] == ["active"]
    suspended_then = await statement(true_on=(due + 7 * DAY).isoformat())
    assert [each["status"] for each in suspended_then["services"]] == ["suspended"]
    staff = f"/v1/accounts/{house.ana}/statement?true_on={day}"
    assert (await house.do("GET", staff, token=house.staff()))["owed_minor"] == {}
    foreign = await house.ask("GET", staff, token=house.staff("leste"))
    assert code_of(foreign) == (404, "not_found")
    for bad in ("", "true_on=tomorrow", f"true_on={day}&known_at=2026-01-01T00:00:00"):
        assert (await house.ask("GET", f"/v1/statement?{bad}", token=token)).status_code == 422


# ------------------------------------------------------------------------------ the fold


def told(event: PublicEvent, at: date) -> Envelope:
    noon = datetime(at.year, at.month, at.day, 12, tzinfo=UTC)
    envelope = envelope_of(event, account_id=UUID(int=9))
    return Envelope(
        **{**{f: getattr(envelope, f) for f in envelope.__struct_fields__}, "occurred_at": noon}
    )


def issued(on: date, minor: int = 1000) -> PublicEvent:
    return billing.InvoiceIssued(
        invoice_id=INVOICE,
        number="PON-1",
        order_id=None,
        issued_on=on,
        due_on=on + 14 * DAY,
        currency="BRL",
        lines=[],
        total_minor=minor,
        billed_to_name="Ana",
        billed_to_address="",
        billed_to_tax_id="",
    )


def received(on: date, minor: int = 1000) -> list[PublicEvent]:
    ids: dict[str, Any] = {"payment_id": PAYMENT, "invoice_id": INVOICE}
    money: dict[str, Any] = {"amount_minor": minor, "currency": "BRL"}
    return [
        billing.PaymentReceived(
            **ids,
            **money,
            method="boleto",
            received_on=on,
            receipt_number="R",
            gateway_reference="c",
        ),
        billing.PaymentAllocated(**ids, **money),
    ]


def as_of(true_on: date, known_on: date | None = None) -> AsOf:
    known_at = None
    if known_on is not None:
        known_at = datetime(known_on.year, known_on.month, known_on.day, 23, tzinfo=UTC)
    return AsOf(true_on=true_on, known_at=known_at, zone="UTC")


def test_a_late_fact_stands_where_it_was_true_and_nothing_else_moves() -> None:
    day = NOVEMBER
    history = [told(issued(day), day)]
    history += [told(event, day + 9 * DAY) for event in received(day + 2 * DAY)]
    for asked, known, owed in (
        (day - DAY, None, 0),
        (day, None, 1000),
        (day + 2 * DAY, day + 8 * DAY, 1000),
        (day + 2 * DAY, day + 9 * DAY, 0),
        (day + 2 * DAY, None, 0),
        (day + DAY, None, 1000),
    ):
        statement = statement_of(history, as_of(asked, known))
        assert statement.owed_minor["BRL"] == owed, (asked, known)


def test_a_service_is_what_it_was_on_the_day() -> None:
    ordered = billing.ServiceOrdered(
        service_id=SERVICE,
        order_id=UUID(int=4),
        product_id=UUID(int=5),
        product_name={"en": "Start"},
        domain="ana.example",
        cycle="monthly",
        recurring_minor=2990,
        currency="BRL",
    )
    suspended_on = billing.ServiceSuspended(
        service_id=SERVICE, reason="overdue", suspended_on=NOVEMBER + 5 * DAY
    )
    history = [
        told(ordered, NOVEMBER),
        told(
            billing.ServiceActivated(
                service_id=SERVICE,
                activated_on=NOVEMBER + DAY,
                next_due_on=NOVEMBER + 31 * DAY,
            ),
            NOVEMBER + DAY,
        ),
        told(suspended_on, NOVEMBER + 6 * DAY),
    ]
    days = (0, "pending"), (1, "active"), (4, "active"), (5, "suspended"), (60, "suspended")
    for offset, status in days:
        statement = statement_of(history, as_of(NOVEMBER + offset * DAY))
        assert [each.status for each in statement.services.values()] == [status]
    assert not statement_of(history, as_of(NOVEMBER - DAY)).services


def pro_forma(day: date) -> PublicEvent:
    return replace(issued(day), is_pro_forma=True, is_booked_at_issue=False)


def test_a_pro_forma_is_open_but_not_owed_before_it_is_an_invoice() -> None:
    day = NOVEMBER
    credit = billing.CreditApplied(
        application_id=UUID(int=7),
        invoice_id=INVOICE,
        amount_minor=400,
        currency="BRL",
        is_prepayment=True,
    )
    numbered = billing.InvoiceNumbered(
        invoice_id=INVOICE,
        number="PON-1",
        numbered_on=day + 9 * DAY,
        currency="BRL",
        total_minor=1000,
        prepaid_minor=400,
    )
    history = [told(pro_forma(day), day), told(credit, day + DAY)]
    history += [told(event, day + 9 * DAY) for event in received(day + 3 * DAY, 600)]
    history.append(told(numbered, day + 9 * DAY))
    for asked, open_minor, is_booked in (
        (day, 1000, False),
        (day + DAY, 600, False),
        (day + 3 * DAY, 0, False),
        (day + 9 * DAY, 0, True),
    ):
        statement = statement_of(history, as_of(asked))
        (invoice,) = statement.invoices.values()
        assert (invoice.open_minor, invoice.is_booked) == (open_minor, is_booked), asked
        assert statement.owed_minor["BRL"] == 0


def test_a_pro_forma_that_is_void_leaves_nothing() -> None:
    used: dict[str, Any] = {
        "application_id": UUID(int=7),
        "amount_minor": 400,
        "is_prepayment": True,
        "invoice_id": INVOICE,
        "currency": "BRL",
    }
    cancelled = billing.InvoiceCancelled(
        invoice_id=INVOICE,
        number="PON-P-1",
        total_minor=1000,
        currency="BRL",
        cancelled_on=NOVEMBER + 2 * DAY,
        reason="test",
        was_booked=False,
    )
    history = [
        told(pro_forma(NOVEMBER), NOVEMBER),
        told(billing.CreditApplied(**used), NOVEMBER),
        told(cancelled, NOVEMBER + 2 * DAY),
        told(billing.CreditReleased(**used), NOVEMBER + 2 * DAY),
    ]
    statement = statement_of(history, as_of(NOVEMBER + 2 * DAY))
    assert statement.invoices[INVOICE].open_minor == statement.credit_minor["BRL"] == 0
    assert statement.owed_minor["BRL"] == 0


@given_any(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(1, 500)), max_size=8),
    st.integers(0, 60),
)
def test_what_was_owed_is_what_was_issued_less_what_had_come(
    payments: list[tuple[int, int, int]], asked: int
) -> None:
    """However late each payment became known: by all that is known, only its own day counts."""
    history = [told(issued(NOVEMBER, 5000), NOVEMBER)]
    for number, (came, known_after, minor) in enumerate(payments):
        money, allocated = received(NOVEMBER + came * DAY, minor)
        known = NOVEMBER + (came + known_after) * DAY
        own = {"payment_id": UUID(int=100 + number)}
        history += [told(replace(event, **own), known) for event in (money, allocated)]
    statement = statement_of(history, as_of(NOVEMBER + asked * DAY))
    had_come = sum(minor for came, _, minor in payments if came <= asked)
    assert statement.owed_minor["BRL"] == 5000 - had_come
    assert statement.invoices[INVOICE].open_minor == 5000 - had_come


def test_a_day_is_the_brands_day_where_a_fact_has_no_date_of_its_own() -> None:
    used = billing.CreditApplied(
        application_id=UUID(int=7), invoice_id=INVOICE, amount_minor=100, currency="BRL"
    )
    at = datetime(2026, 11, 2, 1, tzinfo=UTC)
    history = [told(issued(NOVEMBER), NOVEMBER), replace(told(used, NOVEMBER), occurred_at=at)]
    zone = "America/Sao_Paulo"
    assert local_date(at, zone) == NOVEMBER
    asked = AsOf(true_on=NOVEMBER, known_at=None, zone=zone)
    assert statement_of(history, asked).owed_minor["BRL"] == 900
