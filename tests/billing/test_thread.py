"""One order's way through billing: from the catalogue to the receipt, forty days on, and back."""

from datetime import timedelta

from tests.billing.house import House

ORDERED = ["OrderPlaced", "ServiceOrdered", "InvoiceIssued"]
PAID = [
    "PaymentStarted",
    "PaymentSent",
    "PaymentReceived",
    "PaymentAllocated",
    "InvoicePaid",
]


async def test_a_paid_order_becomes_an_active_service(house: House) -> None:
    today = await house.today()
    order = await house.order(house.ana)
    assert order["number"] == f"PON-O-{today.year}-000001"
    invoice = await house.invoice(house.ana, order["invoice_id"])
    assert invoice["number"] == f"PON-{today.year}-000001"
    assert (invoice["status"], invoice["open_minor"], invoice["due_on"]) == (
        "unpaid",
        2990,
        today.isoformat(),
    )
    assert [line["description"] for line in invoice["lines"]] == [
        "Hospedagem Início – ana.example (mensal)"
    ]
    await house.pay(house.ana, order["invoice_id"])
    await house.until_service_is("active", order["service_id"])
    assert await house.names(house.ana) == [
        *ORDERED,
        *PAID,
        "ProvisioningRequested",
        "ServiceActivated",
    ]
    events = dict(await house.events(house.ana))
    assert events["PaymentReceived"]["receipt_number"] == f"PON-R-{today.year}-000001"
    assert events["ServiceActivated"]["activated_on"] == today.isoformat()
    paid = await house.invoice(house.ana, order["invoice_id"])
    assert (paid["status"], paid["open_minor"]) == ("paid", 0)
    assert await house.findings() == []


async def test_forty_days_bring_the_renewal_and_the_payment_ends_its_suspension(
    house: House,
) -> None:
    service = await house.active_service(house.ana)
    start = await house.today()
    due = (await house.do("GET", "/v1/services", token=house.client(house.ana)))[0]["next_due_on"]
    before = len(await house.names(house.ana))
    await house.play_until(start + timedelta(days=40))
    assert (await house.names(house.ana))[before:] == [
        "InvoiceIssued",
        "PaymentReminderDue",
        "PaymentReminderDue",
        "AutopayDue",
        "AutopayDue",
        "InvoiceOverdue",
        "AutopayDue",
        "InvoiceOverdue",
        "SuspensionWarned",
        "AutopayDue",
        "ProvisioningRequested",
        "ServiceSuspended",
        "AutopayDue",
        "InvoiceOverdue",
    ]
    renewal = (await house.invoices(house.ana))[-1]
    assert (renewal["due_on"], renewal["lines"][0]["period_start"]) == (due, due)
    assert await house.service_status(service["service_id"]) == "suspended"

    before = len(await house.names(house.ana))
    await house.pay(house.ana, renewal["invoice_id"])
    await house.until_service_is("active", service["service_id"])
    assert (await house.names(house.ana))[before:] == [
        *PAID,
        "ServiceRenewed",
        "ProvisioningRequested",
        "ServiceUnsuspended",
    ]
    assert await house.findings() == []


async def test_every_event_of_an_order_goes_back_to_what_the_client_did(house: House) -> None:
    await house.active_service(house.ana)
    async with house.store.pool.acquire() as db:
        rows = await db.fetch(
            """select e.type, c.type as cause, e.actor,
                      e.correlation_id = c.correlation_id as joined
               from log e left join log c on c.id = e.causation_id
               where e.account_id is not null order by e.position"""
        )
    causes = {row["type"]: row["cause"] for row in rows}
    assert causes == {
        **dict.fromkeys(["OrderPlaced", "ServiceOrdered", "InvoiceIssued"]),
        **dict.fromkeys(["PaymentStarted", "PaymentSent"]),
        **dict.fromkeys(["PaymentReceived", "PaymentAllocated", "InvoicePaid"], "PaymentStarted"),
        "ProvisioningRequested": "InvoicePaid",
        "ServiceActivated": "ProvisioningRequested",
    }
    assert all(row["joined"] for row in rows if row["cause"])
    actors = {row["type"]: row["actor"] for row in rows}
    assert (actors["PaymentReceived"], actors["ServiceActivated"]) == ("gateway", "panel")
