"""What the in-memory PostgreSQL finds for each step of a business day.

Each function says in Python what the query of the same name in automation/candidates.py says in
SQL; `test_found.py` has the server answer both on the tables of a simulated year. Spans in days.
"""

import calendar
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from services.billing.automation import candidates
from services.billing.automation.tasks import STEPS
from tests.simulation.memory_postgres import Session
from tests.simulation.row import Values
from tests.year.statements import keep_tasks

Candidate = tuple[UUID, str, dict[str, Any]]
"""Account, item, facts: a row of a step's query."""
Finder = Callable[..., list[Candidate]]

NOBODY = UUID(int=0)
OVER = ("terminated", "cancelled")


def days_after(day: date, days: int) -> date:
    return day + timedelta(days=days)


class Found:
    """The tables that candidates come from, as a session sees them."""

    def __init__(self, session: Session, brand: str) -> None:
        self.session = session
        self.rules: dict[UUID, Values] = {
            row["account_id"]: row["rules"]
            for row in session.scan("account_rules", lambda row: row["brand"] == brand)
        }
        self.services = self._of_brand("service_due", brand)
        self.invoices = self._of_brand("invoice_open", brand)
        self.bills: dict[UUID, list[Values]] = {}
        self.billed: dict[UUID, list[Values]] = {}
        for row in session.scan("invoice_open_service", lambda _: True):
            self.bills.setdefault(row["service_id"], []).append(row)
            self.billed.setdefault(row["invoice_id"], []).append(row)

    def _of_brand(self, table: str, brand: str) -> dict[UUID, Values]:
        key = self.session.server.tables[table].key_of
        rows = self.session.scan(table, lambda row: row["brand"] == brand)
        return {key(row)[0]: row for row in rows}

    def rule(self, account_id: UUID, name: str, otherwise: Any) -> Any:
        """What is agreed with the account, or what holds otherwise."""
        return self.rules.get(account_id, {}).get(name, otherwise)

    def is_claimed(self, kind: str, key: str) -> bool:
        return self.session.get("claim", kind, key) is not None

    def at_rest(self) -> Iterator[Values]:
        """Open invoices that no money is on its way for."""
        return (row for row in self.invoices.values() if not row["is_pending"])


def find_renewals(session: Session, brand: str, day: date, *values: Any) -> list[Candidate]:
    found = Found(session, brand)
    by_product = {each[0]: each[1:] for each in zip(*values, strict=True)}
    groups: dict[str, tuple[UUID, date, str, list[UUID]]] = {}
    for row in found.services.values():
        if row["status"] != "active" or row["product_id"] not in by_product:
            continue
        days, separate, renews = by_product[row["product_id"]]
        account_id = row["account_id"]
        days = found.rule(account_id, "renewal_days_before", days)
        bills = found.bills.get(row["service_id"], [])
        ends = [bill["period_end"] for bill in bills if bill["period_end"]]
        if row["next_due_on"] is None or row["next_due_on"] > days_after(day, days):
            continue
        due_on, currency = max([*ends, row["next_due_on"]]), row["currency"]
        renews = found.rule(account_id, "renew_while_unpaid", renews)
        if ends and not (renews and due_on <= days_after(day, days)):
            continue
        parts = [str(account_id), str(due_on), currency]
        if found.rule(account_id, "separate_renewals", separate):
            parts.append(str(row["service_id"]))
        group = groups.setdefault("/".join(parts), (account_id, due_on, currency, []))
        group[3].append(row["service_id"])
    return [
        (account, item, {"due_on": due_on, "currency": currency, "service_ids": sorted(ids)})
        for item, (account, due_on, currency, ids) in groups.items()
    ]


def find_notices(session: Session, brand: str, day: date, *values: Any) -> list[Candidate]:
    rule, sign, offsets, first, last, unpaid_days, kind, late_by = values
    found = Found(session, brand)
    candidates_ = []
    for row in found.at_rest():
        own = found.rule(row["account_id"], rule, None)
        days = offsets if own is None else [sign * each for each in own]
        due_on = row["due_on"]
        reached = [
            each
            for each in days
            if first <= due_on <= last
            and day - timedelta(days=late_by) < days_after(due_on, each) <= day
            and row["issued_on"] < days_after(due_on, each)
            and not _is_given_up(found, row, day=day, days=unpaid_days)
        ]
        key = f"{row['invoice_id']}/{max(reached, default=0)}"
        if reached and not found.is_claimed(kind, key):
            facts = {"invoice_id": row["invoice_id"], "offset_days": max(reached)}
            candidates_.append((row["account_id"], key, facts))
    return candidates_


def _is_given_up(found: Found, row: Values, *, day: date, days: int) -> bool:
    own: int = found.rule(row["account_id"], "unpaid_order_days", days)
    return row["order_id"] is not None and days_after(row["issued_on"], own) <= day


def find_late_fees(session: Session, brand: str, day: date, *values: Any) -> list[Candidate]:
    is_charged, after_days, late_by = values
    found = Found(session, brand)
    return [
        (row["account_id"], str(row["invoice_id"]), {"invoice_id": row["invoice_id"]})
        for row in found.at_rest()
        if not row["is_fee"]
        and row["order_id"] is None
        and days_after(day, -late_by) <= row["due_on"] < day
        and _is_fee_due(
            found.rule(row["account_id"], "late_fee", None), row, day, (is_charged, after_days)
        )
        and not found.is_claimed("late_fee", str(row["invoice_id"]))
    ]


def _is_fee_due(own: Values | None, row: Values, day: date, /, brands: tuple[bool, int]) -> bool:
    if own is None:
        return brands[0] and days_after(row["due_on"], brands[1]) <= day
    is_charged = own.get("kind") in ("percent", "fixed")
    return is_charged and days_after(row["due_on"], own.get("after_days", 1)) <= day


def _overdue(
    found: Found, day: date, values: tuple[Any, ...]
) -> Iterator[tuple[Values, UUID, date, int]]:
    """Invoice, active service on it, the day of its suspension and how long before is the warning.

    `values`: products, days of suspension, days of warning.
    """
    by_product = {each[0]: each[1:] for each in zip(*values, strict=True)}
    for row in found.at_rest():
        if row["due_on"] >= day:
            continue
        for bill in found.billed.get(row["invoice_id"], []):
            service = found.services.get(bill["service_id"])
            known = service and by_product.get(service["product_id"])
            if service and known and service["status"] == "active" and _is_owed(row, service, day):
                suspension = found.rule(row["account_id"], "suspension_days", known[0])
                warning = found.rule(row["account_id"], "suspension_warning_days", known[1])
                on = max(days_after(_owed_on(row, service), suspension), _grace_of(service))
                yield row, service["service_id"], on, warning


def _is_owed(row: Values, service: Values, day: date) -> bool:
    """A renewal that was ordered is not, before the paid time ends."""
    return _owed_on(row, service) < day


def _owed_on(row: Values, service: Values) -> date:
    on: date = (service["next_due_on"] or date.max) if row["order_id"] else row["due_on"]
    return on


def _grace_of(service: Values) -> date:
    until: date = service["grace_ends_on"] or date.min
    return until


def _warning_key(found: Found, row: Values, service_id: UUID, /, on: date) -> str:
    """What is claimed by a warning of a suspension on that day."""
    again = f"/{on}" if _grace_of(found.services[service_id]) == on else ""
    return f"{row['invoice_id']}/{service_id}{again}"


def _about(row: Values, service_id: UUID, suspends_on: date) -> Candidate:
    facts = {
        "invoice_id": row["invoice_id"],
        "service_id": service_id,
        "suspends_on": suspends_on,
    }
    return row["account_id"], f"{row['invoice_id']}/{service_id}", facts


def find_warnings(session: Session, brand: str, day: date, *values: Any) -> list[Candidate]:
    found = Found(session, brand)
    return [
        _about(row, service_id, on)
        for row, service_id, on, warning in _overdue(found, day, values)
        if days_after(on, -warning) <= day < on
        and not found.is_claimed("suspension_warning", _warning_key(found, row, service_id, on))
    ]


def find_suspensions(session: Session, brand: str, day: date, *values: Any) -> list[Candidate]:
    found = Found(session, brand)
    return [_about(row, id, on) for row, id, on, _ in _overdue(found, day, values) if on <= day]


def find_lifts(session: Session, brand: str, day: date) -> list[Candidate]:
    found = Found(session, brand)
    return [
        _of_service(row)
        for row in found.services.values()
        if _is_in_debt(row) and not _has_overdue(found, row, day)
    ]


def _is_in_debt(row: Values) -> bool:
    return (row["status"], row["suspension_reason"]) == ("suspended", "overdue")


def _has_overdue(found: Found, row: Values, day: date) -> bool:
    bills = found.bills.get(row["service_id"], [])
    invoices = [found.invoices.get(bill["invoice_id"]) for bill in bills]
    return any(invoice is not None and invoice["due_on"] < day for invoice in invoices)


def _of_service(row: Values, **more: Any) -> Candidate:
    facts = {"service_id": row["service_id"], **more}
    return row["account_id"], str(row["service_id"]), facts


def find_terminations(session: Session, brand: str, day: date, *values: Any) -> list[Candidate]:
    found = Found(session, brand)
    by_product = dict(zip(*values, strict=True))
    candidates_ = []
    for row in found.services.values():
        bills = found.bills.get(row["service_id"], [])
        if not _is_in_debt(row) or not bills or row["product_id"] not in by_product:
            continue
        days = found.rule(row["account_id"], "termination_days", by_product[row["product_id"]])
        if days is not None and days_after(row["suspended_on"], days) <= day:
            ids = sorted(bill["invoice_id"] for bill in bills)
            candidates_.append(_of_service(row, invoice_ids=ids))
    return candidates_


def find_expired_orders(session: Session, brand: str, day: date, days: int) -> list[Candidate]:
    found = Found(session, brand)
    return [
        (
            row["account_id"],
            str(row["order_id"]),
            {"order_id": row["order_id"], "invoice_id": row["invoice_id"]},
        )
        for row in found.at_rest()
        if _is_given_up(found, row, day=day, days=days)
    ]


def find_expired_carts(session: Session, brand: str, day: date, days: int) -> list[Candidate]:
    found = Found(session, brand)
    return [
        (row["account_id"] or NOBODY, str(row["cart_id"]), {"cart_id": row["cart_id"]})
        for row in session.scan("cart_open", lambda row: row["brand"] == brand)
        if days_after(row["changed_on"], found.rule(row["account_id"], "cart_days", days)) <= day
    ]


def find_pointless_invoices(session: Session, brand: str, day: date) -> list[Candidate]:
    found = Found(session, brand)
    candidates_ = []
    for row in found.at_rest():
        held = [
            found.services.get(bill["service_id"])
            for bill in found.billed.get(row["invoice_id"], [])
        ]
        known = [service["status"] in OVER for service in held if service]
        if row["order_id"] is None and known and all(known):
            facts = {"invoice_id": row["invoice_id"]}
            candidates_.append((row["account_id"], str(row["invoice_id"]), facts))
    return candidates_


def find_credit(session: Session, brand: str, day: date) -> list[Candidate]:
    found = Found(session, brand)
    held = session.scan("credit_held", lambda row: row["brand"] == brand)
    has_credit = {(r["account_id"], r["currency"]) for r in held if r["balance_minor"] > 0}
    return [
        (
            row["account_id"],
            str(row["invoice_id"]),
            {"invoice_id": row["invoice_id"], "currency": row["currency"]},
        )
        for row in found.at_rest()
        if (row["account_id"], row["currency"]) in has_credit and row["issued_on"] <= day
    ]


def find_autopay(session: Session, brand: str, day: date, *values: Any) -> list[Candidate]:
    days_before, retries, late_by = values
    found = Found(session, brand)
    owns = [each.get("autopay_days_before") for each in found.rules.values()]
    last = days_after(day, max([days_before, *(own for own in owns if own is not None)]))
    candidates_ = []
    for row in found.at_rest():
        own = found.rule(row["account_id"], "autopay_days_before", days_before)
        tries = [0, *found.rule(row["account_id"], "autopay_retry_days", retries)]
        reached = [each for each in tries if days_after(row["due_on"], each - own) <= day]
        is_near = days_after(day, -late_by) <= row["due_on"] <= last
        if row["order_id"] is None and is_near and reached:
            key = f"{row['invoice_id']}/{max(reached)}"
            if not found.is_claimed("autopay", key):
                facts = {"invoice_id": row["invoice_id"], "retry_days": max(reached)}
                candidates_.append((row["account_id"], key, facts))
    return candidates_


def find_reconciliations(_: Session, brand: str, day: date) -> list[Candidate]:
    yesterday = (day - timedelta(days=1)).isoformat()
    return [(NOBODY, "reconciliation", {"day": yesterday})] if brand else []


def find_card_notices(_: Session, brand: str, day: date, on: int) -> list[Candidate]:
    last = calendar.monthrange(day.year, day.month)[1]
    return [(NOBODY, "cards", {})] if brand and day.day == min(on, last) else []


def find_items(session: Session, brand: str, day: date) -> list[Candidate]:
    due = session.scan(
        "billable_item",
        lambda row: (
            (row["brand"], row["status"]) == (brand, "open")
            and row["bill_on"] is not None
            and row["bill_on"] <= day
        ),
    )
    pairs = sorted({(row["account_id"], row["currency"]) for row in due})
    return [(id, f"{id}/{currency}", {"currency": currency}) for id, currency in pairs]


def find_ends(session: Session, brand: str, day: date) -> list[Candidate]:
    found = Found(session, brand)
    candidates_ = []
    for row in found.services.values():
        parent = found.services.get(row["parent_id"])
        days = [row["cancelled_on"], row["term_ends_on"]]
        is_over = any(each is not None and each <= day for each in days)
        is_over = is_over or (parent is not None and parent["status"] in OVER)
        if is_over and row["status"] in ("active", "suspended"):
            candidates_.append(_of_service(row))
    return candidates_


def find_changes(session: Session, brand: str, day: date) -> list[Candidate]:
    return [
        _of_service(row, invoice_id=row["change_invoice_id"])
        for row in Found(session, brand).services.values()
        if row["status"] == "active" and row["change_on"] is not None and row["change_on"] <= day
    ]


FINDERS: dict[str, Finder] = {
    candidates.CREDIT: find_credit,
    candidates.RENEWALS: find_renewals,
    candidates.ITEMS: find_items,
    candidates.AUTOPAY: find_autopay,
    candidates.NOTICES: find_notices,
    candidates.LATE_FEES: find_late_fees,
    candidates.WARNINGS: find_warnings,
    candidates.LIFTS: find_lifts,
    candidates.SUSPENSIONS: find_suspensions,
    candidates.TERMINATIONS: find_terminations,
    candidates.ENDS: find_ends,
    candidates.CHANGES: find_changes,
    candidates.CARD_NOTICES: find_card_notices,
    candidates.RECONCILIATIONS: find_reconciliations,
    candidates.EXPIRED_ORDERS: find_expired_orders,
    candidates.EXPIRED_CARTS: find_expired_carts,
    candidates.POINTLESS_INVOICES: find_pointless_invoices,
}
"""Query -> what finds the same."""

for _ordinal, _step in enumerate(STEPS.values()):
    keep_tasks(_ordinal, _step.query, FINDERS[_step.query])
