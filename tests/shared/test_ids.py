"""Ids and the bytes of a record's hash: what others rely on stays as it is, however it is made."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import RFC_4122, UUID, uuid5

import pytest

from shared.clock import SystemClock
from shared.envelope import Record, sealed_bytes
from shared.ids import new_id
from shared.snapshots import restored, taken
from tests.shared.kernel import Counter

ID = UUID("01890000-0000-7000-8000-000000000001")
SAO_PAULO = timezone(timedelta(hours=-3))


def test_ids_are_uuids_of_version_7_and_none_comes_twice() -> None:
    ids = [new_id() for _ in range(2_000)]
    assert len(set(ids)) == len(ids)
    for id in ids:
        plain = UUID(int=id.int)
        assert (plain.version, plain.variant) == (7, RFC_4122)
        assert (id, hash(id), str(id)) == (plain, hash(plain), str(plain))


def test_ids_tell_the_millisecond_of_their_making() -> None:
    before = SystemClock().now()
    made = datetime.fromtimestamp((new_id().int >> 80) / 1000, UTC)
    after = SystemClock().now()
    assert before - timedelta(milliseconds=1) <= made <= after


@pytest.mark.parametrize(
    ("occurred_at", "written"),
    [
        (datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC), "2026-01-31T12:00:00.123456Z"),
        (datetime(2026, 1, 31, 12, 0, 0, 500, tzinfo=UTC), "2026-01-31T12:00:00.000500Z"),
        (datetime(2026, 1, 31, 12, 0, 0, 0, tzinfo=UTC), "2026-01-31T12:00:00.000000Z"),
        (datetime(2026, 1, 31, 22, 0, 0, 0, tzinfo=SAO_PAULO), "2026-02-01T01:00:00.000000Z"),
    ],
)
def test_the_hash_covers_the_instant_in_utc_with_all_six_digits(
    occurred_at: datetime, written: str
) -> None:
    record = Record(
        source="tickets",
        partition=1,
        position=1,
        id=ID,
        type="TicketClosed",
        version=1,
        account_id=None,
        brand="ponto",
        occurred_at=occurred_at,
        actor="test",
        causation_id=None,
        correlation_id=uuid5(ID, "request"),
        traceparent="",
        data="{}",
        hash="",
    )
    assert (
        sealed_bytes(record) == f"{ID}\nTicketClosed\n1\n\nponto\n{written}\ntest\n\n{{}}".encode()
    )


def test_a_snapshot_holds_ids_as_the_driver_gives_them() -> None:
    counter = Counter(id=new_id(), account_id=new_id(), brand="ponto", owner="Ana Sá")
    again = restored(Counter, taken(counter, key=None), key=None)
    assert again is not None
    assert (again.id, again.account_id) == (counter.id, counter.account_id)
