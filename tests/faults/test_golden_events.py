"""F42: every event that was ever stored or published still loads, upcast if it is an old one."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest
from eventsourcing.domain import Aggregate
from eventsourcing.persistence import StoredEvent

from shared.codec import TypedMapper
from shared.contracts.event import REGISTRY
from shared.envelope import Record, open_record
from shared.personal import ERASED, personal_fields
from tests.golden.samples import ID, KEY, Golden, domain_events, service_names
from tests.golden.write import golden_of, samples_of_today

SERVICES = service_names()
ENTRIES = [
    pytest.param(service, kind, golden, id=f"{service}-{kind}-{golden.name}-{golden.version}")
    for service in SERVICES
    for (kind, _, _), golden in golden_of(service).items()
]


@pytest.mark.parametrize("service", SERVICES)
def test_f42_no_event_lacks_its_golden_sample(service: str) -> None:
    missing = samples_of_today(service).keys() - golden_of(service).keys()
    assert not missing, f"`make golden` adds {sorted(missing)}"


@pytest.mark.parametrize(("service", "kind", "golden"), ENTRIES)
def test_f42_every_golden_event_still_loads(service: str, kind: str, golden: Golden) -> None:
    if kind == "domain":
        domain_events(service)  # makes the classes known by their topics
        _check_stored(golden)
    else:
        _check_published(service, golden)


def _check_stored(golden: Golden) -> None:
    row = StoredEvent(ID, 1, golden.name, msgspec.json.encode(golden.data))
    event = TypedMapper(key=KEY).to_domain_event(row)
    again = TypedMapper(key=KEY).to_stored_event(event)
    assert again.topic == golden.name
    secret = personal_fields(type(event))
    assert ERASED not in [getattr(event, name) for name in secret]
    erased = TypedMapper(key=None).to_domain_event(row)
    assert {getattr(erased, name) for name in secret} <= {ERASED}
    now = msgspec.json.decode(again.state)
    if golden.version == now.get("class_version", 1):
        _check_same(golden.data, now, but=secret)


def _check_published(service: str, golden: Golden) -> None:
    cls = REGISTRY[service, golden.name]
    event = open_record(_record(service, golden), {ID: KEY}).event
    secret = personal_fields(cls)
    assert ERASED not in [getattr(event, name) for name in secret]
    if golden.version == cls.VERSION:
        now = msgspec.to_builtins(event)
        _check_same(golden.data, msgspec.json.decode(msgspec.json.encode(now)), but=secret)


def _check_same(then: dict[str, Any], now: dict[str, Any], *, but: Collection[str]) -> None:
    """Nothing that was recorded is read as something else; fields may have come since."""
    for name in then.keys() - set(but):
        _check_value(then[name], now[name], name=name)


def _check_value(then: Any, now: Any, *, name: str) -> None:
    if isinstance(then, dict) and isinstance(now, dict):
        _check_same(then, now, but=())
    elif isinstance(then, list) and isinstance(now, list):
        for each, same in zip(then, now, strict=True):
            _check_value(each, same, name=name)
    else:
        assert now == then, name


def _record(service: str, golden: Golden) -> Record:
    return Record(
        source=service,
        partition=0,
        position=1,
        id=ID,
        type=golden.name,
        version=golden.version,
        account_id=ID,
        brand="ponto",
        occurred_at=datetime(2026, 1, 31, tzinfo=UTC),
        actor="test",
        causation_id=None,
        correlation_id=ID,
        traceparent="",
        data=msgspec.json.encode(golden.data).decode(),
        hash="",
    )


class Moved(Aggregate):
    """What a later release makes of an event: a renamed field, and one that is new."""

    TOPIC = "kernel.moved"

    class Event(Aggregate.Event):
        TOPIC = "kernel.moved.event"

    class Created(Aggregate.Created):
        TOPIC = "kernel.moved.created"

    class Shifted(Aggregate.Event):
        TOPIC = "kernel.moved.shifted"
        distance_m: int
        reason: str = "unknown"
        class_version = 3

        @staticmethod
        def upcast_v1_v2(state: dict[str, Any]) -> None:
            state["distance_km"] = state.pop("km")

        @staticmethod
        def upcast_v2_v3(state: dict[str, Any]) -> None:
            state["distance_m"] = state.pop("distance_km") * 1000


@pytest.mark.parametrize(
    ("state", "distance_m"),
    [
        ({"km": 2}, 2000),
        ({"distance_km": 3, "class_version": 2}, 3000),
        ({"distance_m": 5, "class_version": 3, "reason": "gift"}, 5),
    ],
)
def test_f42_an_old_version_is_upcast_step_by_step(state: dict[str, Any], distance_m: int) -> None:
    full = {"timestamp": "2026-01-31T00:00:00Z", **state}
    row = StoredEvent(UUID(int=1), 2, Moved.Shifted.TOPIC, msgspec.json.encode(full))
    event: Any = TypedMapper().to_domain_event(row)
    assert event.distance_m == distance_m
    assert event.reason == state.get("reason", "unknown")
    assert b'"class_version":3' in TypedMapper().to_stored_event(event).state
