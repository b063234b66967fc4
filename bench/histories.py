"""Renewals of services with ten years of monthly history, each loaded, billed and recorded alone.

At first nobody has loaded them, so all of their 242 events are replayed, and a snapshot is kept;
then, after another paid month, the snapshot and what followed it.
"""

import time
from collections.abc import Sequence
from datetime import date
from functools import partial
from statistics import median

import asyncpg

from bench.house import House
from bench.renewals import (
    BRAND,
    CAUSE,
    CONTACT,
    CONTACT_COLUMNS,
    billing_database,
    billing_store,
    held_since,
)
from bench.results import Result
from services.billing.contacts.views import account_contact
from services.billing.held_services.calendar import period_end
from services.billing.held_services.commands import IssueRenewal, issue_renewal
from services.billing.held_services.held_service import HeldService
from shared.ids import new_id
from shared.store import EventStore, Transaction

SERVICES = 60
MONTHS = 120
BEGUN = date(2016, 11, 20)
LIMIT_MS = 5


async def measure(house: House) -> list[Result]:
    """Medians over the services."""
    owner_url, url = await billing_database(house)
    services = [_held_for_ten_years() for _ in range(SERVICES)]
    owner = await asyncpg.connect(owner_url)
    await owner.copy_records_to_table(
        "account_contact",
        schema_name=account_contact.schema,
        columns=CONTACT_COLUMNS,
        records=[(service.account_id, BRAND, *CONTACT) for service in services],
    )
    await owner.execute("vacuum analyze")
    await owner.close()
    async with billing_store(url) as store:
        await store.save_many(CAUSE, services)
        due_on = _due(services[0])
        replayed_ms = await _issue(store, services, due_on=due_on)
        for service in services:
            await store.run(CAUSE, partial(_pay_another_month, service))
        due_on = period_end(due_on, cycle="monthly", anchor_day=BEGUN.day)
        known_ms = await _issue(store, services, due_on=due_on)
    return [
        _result("all events replayed", replayed_ms),
        _result("by its snapshot", known_ms),
    ]


def _result(how: str, took_ms: Sequence[float]) -> Result:
    return Result(
        name=f"ten years of months, {how}: load, issue and record a renewal, median / worst",
        value=median(took_ms),
        unit="ms",
        baseline=max(took_ms),
        limit=LIMIT_MS,
    )


def _held_for_ten_years() -> HeldService:
    service = held_since(BEGUN)
    for _ in range(MONTHS):
        _bill_and_renew(service)
    return service


def _bill_and_renew(service: HeldService) -> None:
    invoice_id, due_on = new_id(), _due(service)
    end = period_end(due_on, cycle="monthly", anchor_day=BEGUN.day)
    service.invoice_renewal(invoice_id=invoice_id, period_end=end, due_on=due_on)
    service.renew(invoice_id, today=due_on)


async def _pay_another_month(service: HeldService, tx: Transaction) -> None:
    loaded = await tx.load(HeldService, service.id)
    (invoice_id,) = loaded.unpaid
    loaded.renew(invoice_id, today=_due(loaded))
    await tx.save(loaded)


async def _issue(
    store: EventStore, services: Sequence[HeldService], *, due_on: date
) -> list[float]:
    """Milliseconds from the load to the commit of the renewal of each, one after the other."""
    took_ms: list[float] = []
    for service in services:
        assert service.account_id, "a service belongs to an account"
        command = IssueRenewal(
            account_id=service.account_id,
            brand=BRAND,
            service_ids=[service.id],
            due_on=due_on,
            today=due_on,
        )
        begun = time.perf_counter()
        invoice = await store.run(CAUSE, partial(issue_renewal, command))
        took_ms.append((time.perf_counter() - begun) * 1000)
        assert invoice, "it is due"
    return took_ms


def _due(service: HeldService) -> date:
    assert service.next_due_on, "it is held by the month"
    return service.next_due_on
