"""What must hold after every fault, however it went: read from outside, each breach in words.

I1 the ledger sums to zero · I2 the gateway's captures, the payments received and the read model
agree · I3 one live invoice per service and period · I4 numbers unique and gapless · I5 versions
and positions contiguous, hash chain valid · I6 every event is on the bus, in order · I7 each
consumer stands at its sources' heads, nothing is parked · I8 views equal a fresh rebuild · I9 each
mail and each request to the panel once by natural key · I10 every accepted command has its events,
once · I11 no fault for valid requests, none for bad ones. (I12, quiet in time, is `until_quiet`.)
"""

import asyncio
import re
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from deploy.local.keys import SERVICES
from tests.faults.books import Books
from tests.faults.outside import SOURCES, Outside, chained, looking_from_outside
from tests.faults.stand import Stand

Breaches = list[str]
SHOWN = 12
LOOKS = 3
"""A world in which something happens during each of so many looks is taken as it was found."""


async def check_invariants(stand: Stand, books: Books) -> None:
    """Wait until all is quiet, then look at everything but I8; the failure names every breach.

    What happens while it is looked at, as when a business day begins, is looked at once more.
    """
    async with looking_from_outside(stand) as outside:
        found: Breaches = []
        for _ in range(LOOKS):
            await stand.until_quiet()
            heads = await _heads(outside)
            found = await breaches(outside, books)
            if heads == await _heads(outside):
                break
    assert found == [], "\n".join(found)


async def _heads(outside: Outside) -> dict[str, dict[int, int]]:
    """The last position of each partition of each source."""
    return {
        source: {
            row["partition"]: row["position"]
            for row in await outside.rows(
                source, "select partition, position from partition_head where position > 0"
            )
        }
        for source in SOURCES
    }


async def breaches(outside: Outside, books: Books) -> Breaches:
    """All that does not hold."""
    found = [f"{name}: {breach}" for name, each in CHECKS.items() for breach in await each(outside)]
    found += [f"I10: {breach}" for breach in await promises_are_kept(outside, books)]
    found += [f"I11: {fault}" for fault in books.faults[:SHOWN]]
    return found


# ------------------------------------------------------------------------------------- the money


async def ledger_sums_to_zero(outside: Outside) -> Breaches:
    """I1, per currency and per event."""
    sums: Counter[tuple[str, Any]] = Counter()
    for row in await outside.table("billing", "ledger_posting"):
        sums["currency", row["currency"]] += row["amount_minor"]
        sums["event", row["event_id"]] += row["amount_minor"]
    return [f"{what} {which} sums to {minor}" for (what, which), minor in sums.items() if minor]


async def captures_are_payments(outside: Outside) -> Breaches:
    """I2: what the gateway took, what billing says, what the client sees."""
    captured = Counter(
        (row["reference"], row["amount_minor"], row["currency"])
        for row in outside.sandbox("gateway", "select * from checkout where status = 'succeeded'")
    )
    received = Counter(
        (fact["payment_id"], fact["amount_minor"], fact["currency"])
        for fact in await outside.facts("billing", "PaymentReceived")
    )
    shown = Counter(
        (str(row["payment_id"]), row["amount_minor"], row["currency"])
        for row in await outside.table("portal", "payment_list")
        if row["receipt_number"] is not None
    )
    found = _differences("captured at the gateway", captured, "PaymentReceived", received)
    return found + _differences("PaymentReceived", received, "shown as received", shown)


async def one_live_invoice_per_period(outside: Outside) -> Breaches:
    """I3."""
    issued = await outside.facts("billing", "InvoiceIssued", "InvoiceCancelled")
    void = {fact["invoice_id"] for fact in issued if fact["type"] == "InvoiceCancelled"}
    live = Counter(
        (line["service_id"], line["period_start"])
        for fact in issued
        if fact["type"] == "InvoiceIssued" and fact["invoice_id"] not in void
        for line in fact["lines"]
        if line["kind"] in ("new", "renewal")
    )
    return [f"{count} live invoices for {which}" for which, count in live.items() if count > 1]


NUMBERED = {
    "InvoiceIssued": ("billing", "number"),
    "PaymentReceived": ("billing", "receipt_number"),
    "OrderPlaced": ("billing", "number"),
    "TicketOpened": ("tickets", "number"),
    "AccountNumberAssigned": ("accounts", "number"),
}


async def numbers_are_gapless(outside: Outside) -> Breaches:
    """I4, per brand and series; account numbers begin where they begin."""
    found = []
    for event, (service, name) in NUMBERED.items():
        series = defaultdict(list)
        for fact in await outside.facts(service, event):
            series[fact["brand"]].append(int(re.findall(r"\d+", str(fact[name]))[-1]))
        for brand, numbers in series.items():
            first = min(numbers)
            if sorted(numbers) != list(range(first, first + len(numbers))):
                found.append(f"{event} of {brand}: {sorted(numbers)}")
    return found


# ------------------------------------------------------------------------------- store and bus


async def log_is_sound(outside: Outside) -> Breaches:
    """I5."""
    found = []
    for service in SERVICES:
        holes = await outside.rows(
            service,
            """select stream_id from events group by 1
               having min(version) <> 1 or max(version) <> count(*)""",
        )
        found += [f"{service}: versions of {row['stream_id']} have a gap" for row in holes]
        heads = await outside.rows(service, "select * from partition_head where position > 0")
        ends: dict[int, tuple[int, bytes]] = {}
        for row in await _whole_log(outside, service):
            position, hash_before = ends.get(row["partition"], (0, bytes(32)))
            place = f"{service}/{row['partition']}/{row['position']}"
            if row["position"] != position + 1:
                found.append(f"{place} follows {position}")
            if chained(hash_before, row) != row["hash"]:
                found.append(f"{place}: the hash is not that of the row")
            ends[row["partition"]] = (row["position"], row["hash"])
        if {row["partition"]: (row["position"], row["hash"]) for row in heads} != ends:
            found.append(f"{service}: the heads are not the ends of the log")
    return found


async def _whole_log(outside: Outside, service: str) -> Any:
    query = "select *, data::text as text from log order by partition, position"
    return await outside.rows(service, query)


async def bus_has_every_event(outside: Outside) -> Breaches:
    """I6: by event id, and within a partition in the order of the log."""
    found = []
    for service in SOURCES:
        logged = {str(row["id"]) for row in await _whole_log(outside, service)}
        messages = await outside.stream(service)
        missing = logged - {id for id, _, _ in messages}
        found += [f"{service}: {id} is not on the bus" for id in sorted(missing)[:SHOWN]]
        found += [f"{service}: {place} is out of order" for place in _out_of_order(messages)]
    return found


def _out_of_order(messages: Iterable[tuple[str, int, int]]) -> list[str]:
    """Where an event came for the first time before one of a lower position had come."""
    highest: dict[int, int] = defaultdict(int)
    found = []
    for _, partition, position in messages:
        if position > highest[partition] + 1:
            found.append(f"{partition}/{position} after {highest[partition]}")
        highest[partition] = max(highest[partition], position)
    return found[:SHOWN]


async def consumers_are_at_the_heads(outside: Outside) -> Breaches:
    """I7."""
    found = []
    heads = await _heads(outside)
    for service in SERVICES:
        standing: dict[tuple[str, str], dict[int, int]] = defaultdict(dict)
        for row in await outside.rows(service, "select * from checkpoint"):
            standing[row["consumer"], row["source"]][row["partition"]] = row["position"]
        for (consumer, source), positions in standing.items():
            if positions != heads[source]:
                found.append(f"{service}.{consumer} is not at the heads of {source}")
        parked = await outside.rows(service, "select consumer, error from parked")
        found += [f"{service}: {row['consumer']} parked: {row['error']}" for row in parked]
    return found


async def views_equal_a_rebuild(outside: Outside) -> Breaches:
    """I8, as `faktura verify` finds it."""
    answer = await asyncio.to_thread(outside.stand.platform.verify)
    return [str(finding) for finding in answer["findings"]]


# ----------------------------------------------------------------------------- the outside world


async def effects_happened_once(outside: Outside) -> Breaches:
    """I9: each mail in the catcher under one Message-ID; each wish once at the panel.

    A second copy of a mail bears the same Message-ID: `copies_of_mails` counts those.
    """
    effects = await outside.rows("notifications", "select id, reactor, key, state from effect")
    found = [f"mail {row['key']} is {row['state']}" for row in effects if row["state"] != "done"]
    caught = Counter(_message_ids(outside))
    ended = Counter(str(row["id"]) for row in effects if row["state"] == "done")
    found += _differences("recorded as sent", ended, "in the catcher", Counter(set(caught)))
    sent = Counter(fact["message_id"] for fact in await outside.facts("notifications", "EmailSent"))
    found += _differences("recorded as sent", ended, "EmailSent", sent)
    asked = Counter(
        fact["request_id"] for fact in await outside.facts("billing", "ProvisioningRequested")
    )
    taken = Counter(row["request_id"] for row in outside.sandbox("panel", "select * from request"))
    found += _differences("ProvisioningRequested", asked, "taken by the panel", taken)
    panel = await outside.rows("billing", "select key, state from effect where state <> 'done'")
    return found + [f"effect {row['key']} is {row['state']}" for row in panel]


def copies_of_mails(outside: Outside) -> int:
    """How many mails came more often than once: sent again when it was not known that they went."""
    caught = Counter(_message_ids(outside))
    return caught.total() - len(caught)


def _message_ids(outside: Outside) -> list[str]:
    """The effect ids in the Message-IDs of what lies in the mail catcher."""
    messages = outside.sandbox("mail", "select content from message")
    return [
        found[1]
        for row in messages
        if (found := re.search(r"(?im)^message-id:\s*<([^@>]+)@", bytes(row["content"]).decode()))
    ]


# ------------------------------------------------------------------------- what was answered


async def promises_are_kept(outside: Outside, books: Books) -> Breaches:
    """I10: each thing that an answer named has its event, once, and nothing else has one."""
    found = []
    events = {event for event, _, _ in books.promised}
    service_of = {"TicketOpened": "tickets"}
    for event in sorted(events):
        ((name, wanted),) = _named_in(books, event).items()
        facts = await outside.facts(service_of.get(event, "billing"), event)
        ours = [fact for fact in facts if event == "BusinessDayStarted" or fact["account"] in
                {person.account_id for person in books.people}]  # fmt: skip
        there = Counter(str(fact[name]) for fact in ours)
        found += [f"{event} {id} was answered and is not there" for id in wanted - set(there)]
        found += [f"{event} {id} is there {n} times" for id, n in there.items() if n > 1]
        if event in NOTHING_BESIDES:
            found += [f"{event} {id} nobody was told of" for id in set(there) - wanted]
    found += await _replies_are_kept(outside, books)
    return found + await _positions_exist(outside, books)


NOTHING_BESIDES = {"OrderPlaced", "ServiceOrdered", "TicketOpened", "PaymentStarted"}
"""Only a command of the crowd makes these, and every command was brought to its answer."""


def _named_in(books: Books, event: str) -> Mapping[str, set[str]]:
    named: dict[str, set[str]] = defaultdict(set)
    for promised, name, value in books.promised:
        if promised == event:
            named[name].add(value)
    return named


async def _replies_are_kept(outside: Outside, books: Books) -> Breaches:
    facts = await outside.facts("tickets", "TicketReplied")
    there = Counter(fact["ticket_id"] for fact in facts)
    return _differences("replies accepted", books.replies, "TicketReplied", there)


async def _positions_exist(outside: Outside, books: Books) -> Breaches:
    """Each position that an answer carried is a row of the log, of that person's account."""
    there: dict[tuple[str, int, int], str] = {}
    for service in SOURCES:
        for row in await outside.rows(service, "select partition, position, account_id from log"):
            place = (service, row["partition"], row["position"])
            there[place] = str(row["account_id"] or "")
    return [
        f"{service}/{partition}/{position} was answered for {account or 'staff'}"
        for service, partition, position, account in sorted(books.positions)
        if there.get((service, partition, position)) is None
        or account not in ("", there[service, partition, position])
    ][:SHOWN]


def _differences(
    one: str, ones: Mapping[Any, int], other: str, others: Mapping[Any, int]
) -> Breaches:
    """Where two counts of the same things differ."""
    return [
        f"{key}: {one} {ones.get(key, 0)}, {other} {others.get(key, 0)}"
        for key in sorted({*ones, *others}, key=str)
        if ones.get(key, 0) != others.get(key, 0)
    ][:SHOWN]


CHECKS: Mapping[str, Callable[[Outside], Awaitable[Breaches]]] = {
    "I1": ledger_sums_to_zero,
    "I2": captures_are_payments,
    "I3": one_live_invoice_per_period,
    "I4": numbers_are_gapless,
    "I5": log_is_sound,
    "I6": bus_has_every_event,
    "I7": consumers_are_at_the_heads,
    "I9": effects_happened_once,
}


async def check_views(stand: Stand) -> None:
    """I8 alone: it rebuilds every view and therefore takes longer than all the others."""
    async with looking_from_outside(stand) as outside:
        findings = await views_equal_a_rebuild(outside)
        assert not findings, findings
