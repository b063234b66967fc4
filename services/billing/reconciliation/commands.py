"""Asking for the comparison of a day, and recording what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from services.billing.brands.brand import HOSTED_PAGE, Brand
from services.billing.reconciliation.reconciliation import DayTotal, Reconciliation
from services.billing.reconciliation.three_ways import Compared, Difference
from services.billing.staff_tasks.commands import OpenTask, open_task
from shared.store import Transaction

NoReport = Literal["never", "missing"]
"""The gateway makes none, or it did not give the one that it should."""
MOST_TASKS = 50
"""Of one day: beyond it something is wrong with the day, not with single payments."""


@dataclass(frozen=True, kw_only=True)
class AskReconciliations:
    """The day that is over."""

    brand: str
    day: date


async def ask_reconciliations(command: AskReconciliations, tx: Transaction) -> int:
    """Have each gateway of the brand compared; once a day, for ever. How many are new."""
    brand = await tx.look_at(Brand, Brand.id_of(command.brand))
    gateways = {
        method.gateway for method in brand.settings.payment_methods if method.kind == HOSTED_PAGE
    }
    asked = 0
    for gateway in sorted(gateways):
        id = Reconciliation.id_of(command.brand, gateway, command.day)
        if await tx.find(Reconciliation, id) is None:
            reconciliation = Reconciliation.ask(
                brand=command.brand, gateway=gateway, day=command.day
            )
            await tx.save(reconciliation)
            asked += 1
    return asked


@dataclass(frozen=True, kw_only=True)
class RecordComparison:
    """What the three say, or why nobody can compare them."""

    reconciliation_id: UUID
    compared: Compared | NoReport


async def record_comparison(command: RecordComparison, tx: Transaction) -> Reconciliation:
    """The outcome, with a task for staff for each difference. Recorded already: no change."""
    reconciliation = await tx.load(Reconciliation, command.reconciliation_id)
    if reconciliation.outcome is not None:
        return reconciliation
    if isinstance(command.compared, str):
        reconciliation.give_up()
        if command.compared == "missing":
            await _ask_for_report(reconciliation, tx)
    else:
        found = command.compared
        totals = [DayTotal(**vars(total)) for total in found.totals]
        reconciliation.compare(totals=totals, differences=len(found.differences))
        await _ask_about(found.differences, reconciliation, tx)
    await tx.save(reconciliation)
    return reconciliation


async def _ask_about(
    differences: Sequence[Difference], of: Reconciliation, tx: Transaction
) -> None:
    for each in differences[:MOST_TASKS]:
        task = OpenTask(
            brand=of.brand,
            kind="reconciliation_difference",
            key=f"{of.gateway}/{of.day}/{each.kind}/{each.subject}",
            account_id=each.account_id,
            facts={**_facts(of), **_told(each)},
        )
        await open_task(task, tx)
    if len(differences) > MOST_TASKS:
        facts = {**_facts(of), "differences": str(len(differences))}
        key = f"{of.gateway}/{of.day}/more"
        task = OpenTask(brand=of.brand, kind="reconciliation_difference", key=key, facts=facts)
        await open_task(task, tx)


async def _ask_for_report(of: Reconciliation, tx: Transaction) -> None:
    key = f"{of.gateway}/{of.day}"
    task = OpenTask(brand=of.brand, kind="gateway_report_missing", key=key, facts=_facts(of))
    await open_task(task, tx)


def _facts(of: Reconciliation) -> dict[str, str]:
    return {"gateway": of.gateway, "day": of.day.isoformat(), "reconciliation": str(of.id)}


def _told(each: Difference) -> dict[str, str]:
    return {
        "difference": each.kind,
        "subject": each.subject,
        "currency": each.currency,
        "gateway_minor": str(each.gateway_minor),
        "ours_minor": str(each.ours_minor),
        "ledger_minor": str(each.ledger_minor),
    }
