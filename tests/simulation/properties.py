"""What must hold when the installation is quiet, read from its tables and not asked of its code."""

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import msgspec

from shared.envelope import FIRST_HASH, Record, chained_hash
from shared.feed import record_of
from tests.simulation.clients import Acknowledged
from tests.simulation.history_view import add, owner_of
from tests.simulation.kernel_statements import OPEN
from tests.simulation.row import Values
from tests.simulation.services import SOURCES, Installation

CONSUMERS = {
    "billing": {"serve_what_is_paid": ["billing"], "panel": ["billing"]},
    "tickets": {"welcome": ["billing"], "greeter": ["tickets"]},
    "portal": {"history": ["billing", "tickets"]},
}
"""service -> consumer -> the sources that it follows"""


class Broken(AssertionError):
    """A property does not hold."""


def demand(holds: object, what: str) -> None:
    """`Broken` unless it holds."""
    if not holds:
        raise Broken(what)


def log_of(house: Installation, source: str) -> list[Record]:
    """The whole log, by partition and position."""
    rows = sorted(
        house.databases[source].read("log"), key=lambda r: (r["partition"], r["position"])
    )
    return [record_of(row, source) for row in rows]


def lag(house: Installation) -> int:
    """How many steps are left: events not applied, not published, parked, effects not ended."""
    return sum(_lags(house))


def _lags(house: Installation) -> Iterator[int]:
    for service, consumers in CONSUMERS.items():
        tables = house.databases[service]
        standing = {
            (row["consumer"], row["source"], row["partition"]): row["position"]
            for row in tables.read("checkpoint")
        }
        for consumer, sources in consumers.items():
            yield from (
                head["position"] - standing.get((consumer, source, head["partition"]), 0)
                for source in sources
                for head in house.databases[source].read("partition_head")
                if head["position"]
            )
        yield sum(row["state"] in OPEN for row in tables.read("effect"))
        if service in SOURCES:
            heads = sum(row["position"] for row in tables.read("partition_head"))
            yield heads - sum(row["position"] for row in tables.read("relay_checkpoint"))


def parked(house: Installation) -> list[Values]:
    """Every parked event."""
    return [row for server in house.databases.values() for row in server.read("parked")]


def missing_on_bus(house: Installation) -> int:
    """How many events the streams do not hold: all are younger than a stream's maximal age.

    A purge does not count: a relay that starts anew after it sees only that its last message is
    there. Consumers then read from the feed what the bus does not bring.
    """
    if house.sky.trace.counts["stream purged"]:
        return 0
    missing = 0
    for source in SOURCES:
        stream = house.bus.streams.get(source.upper())
        held = {m.headers.get("ce-id") for m in stream.messages.values()} if stream else set()
        rows = house.databases[source].read("log")
        missing += sum(str(row["id"]) not in held for row in rows)
    return missing


def check_parked(house: Installation) -> None:
    """While poison is about: only its accounts are frozen, all others are up to date."""
    allowed = set(house.poisoned)
    frozen = {row["frozen"] for row in parked(house)}
    demand(frozen <= allowed, f"frozen without a reason: {frozen - allowed}")
    _check_history(house, but=allowed)


def check_all(house: Installation, known: Acknowledged) -> None:
    """Every property, at quiet."""
    demand(not parked(house), "something is parked")
    for source in SOURCES:
        _check_log(house, source)
        _check_streams(house, source)
    _check_acknowledged(house, known)
    _check_history(house, but=set())
    _check_policies(house)
    _check_effects(house)
    _check_numbers(house)


def _check_log(house: Installation, source: str) -> None:
    """Positions are 1 .. N, the chain is unbroken, the head is its end, ids are unique."""
    heads = {row["partition"]: row for row in house.databases[source].read("partition_head")}
    records = log_of(house, source)
    demand(len({record.id for record in records}) == len(records), "an id twice")
    for partition, group in itertools.groupby(records, key=lambda record: record.partition):
        before, position = FIRST_HASH, 0
        for record in group:
            position += 1
            before = chained_hash(before, record)
            demand(record.position == position, f"{source}/{partition} is not contiguous")
            demand(record.hash == before.hex(), f"{source}/{partition}/{position}: chain broken")
        head = heads[partition]
        demand(
            (head["position"], head["hash"]) == (position, before), f"{source}: head {partition}"
        )


def _check_streams(house: Installation, source: str) -> None:
    """The versions of every stream are 1 .. N."""
    versions: dict[Any, list[int]] = defaultdict(list)
    for row in house.databases[source].read("events"):
        versions[row["stream_id"]].append(row["version"])
    for stream, found in versions.items():
        demand(sorted(found) == list(range(1, len(found) + 1)), f"versions of {stream}")


def _check_acknowledged(house: Installation, known: Acknowledged) -> None:
    """What a client was told is done is there exactly once; what nobody knows of, at most once."""
    made = Counter(
        record.correlation_id
        for source in SOURCES
        for record in log_of(house, source)
        if record.actor == "user:simulated"
    )
    for request_id, events in known.events.items():
        demand(made[request_id] == events, f"{request_id}: {made[request_id]} events, not {events}")


def _check_history(house: Installation, *, but: set[str]) -> None:
    """The view is what the log comes to: every event once and in order."""
    expected: dict[tuple[str, str], tuple[str, int]] = {}
    for source in SOURCES:
        for record in log_of(house, source):
            digest, count = expected.get((source, owner_of(record)), ("", 0))
            expected[source, owner_of(record)] = (add(digest, record.id), count + 1)
    rows = house.databases["portal"].read("history")
    found = {(r["source"], r["owner"]): (r["digest"], r["events"]) for r in rows}
    for place in expected.keys() | found.keys():
        if place[1] not in but:
            demand(found.get(place) == expected.get(place), f"the view differs at {place}")


def _check_policies(house: Installation) -> None:
    """Each policy did its command exactly once for each event that asks for it."""
    _check_caused(house, cause=("billing", "InvoicePaid"), actor="policy:serve_what_is_paid")
    _check_caused(house, cause=("billing", "ServiceActivated"), actor="policy:welcome")
    activated = Counter(
        msgspec.json.decode(r.data)["service_id"]
        for r in log_of(house, "billing")
        if r.type == "ServiceActivated"
    )
    demand(set(activated.values()) <= {1}, "a service was activated twice")


def _check_caused(house: Installation, *, cause: tuple[str, str], actor: str) -> None:
    causes = {record.id for record in log_of(house, cause[0]) if record.type == cause[1]}
    caused = Counter(
        record.causation_id
        for source in SOURCES
        for record in log_of(house, source)
        if record.actor == actor
    )
    demand(caused == Counter(causes), f"{actor} did not follow each {cause[1]} exactly once")


def _check_effects(house: Installation) -> None:
    """Every planned effect was done outside, under one id, and noted exactly once."""
    requested = {
        msgspec.json.decode(record.data)["request_id"]
        for record in log_of(house, "billing")
        if record.type == "ProvisioningRequested"
    }
    demand(house.outside.requests.keys() == requested, "requests to the panel")
    opened = {r.id: r for r in log_of(house, "tickets") if r.type == "TicketOpened"}
    keys = {msgspec.json.decode(record.data)["ticket_id"] for record in opened.values()}
    demand(house.outside.calls.keys() == keys, "greetings")
    for key, ids in house.outside.calls.items():
        demand(len(set(ids)) == 1, f"{key} was greeted under two ids")
    _check_caused(house, cause=("tickets", "TicketOpened"), actor="reactor:greeter")


def _check_numbers(house: Installation) -> None:
    """Numbers are 1 .. N, each once."""
    series = {r["name"]: r["last_number"] for r in house.databases["billing"].read("series")}
    for type_, field, name in (
        ("InvoiceIssued", "number", "ponto/invoice"),
        ("PaymentReceived", "receipt_number", "ponto/receipt"),
    ):
        given = sorted(
            int(msgspec.json.decode(record.data)[field].rpartition("-")[2])
            for record in log_of(house, "billing")
            if record.type == type_
        )
        demand(given == list(range(1, len(given) + 1)), f"{name} has a gap: {given}")
        demand(series.get(name, 0) == len(given), f"{name} counts {series.get(name)}")
