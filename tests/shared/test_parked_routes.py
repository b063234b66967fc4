"""What is parked, over HTTP: listed, tried again, skipped with a reason; bad input is refused."""

import json

import pytest

from shared.ids import new_id
from tests.shared.test_http import Client, client, code_of

__all__ = ["client"]
EVENT = str(new_id())


async def park(client: Client) -> None:
    """One event that failed, and one effect."""
    record = json.dumps({"id": EVENT, "type": "TicketClosed", "account_id": None, "brand": "ponto"})
    async with client.store.pool.acquire() as db:
        await db.execute(
            """insert into parked (consumer, source, partition, position, frozen, record, error,
                                   tries)
               values ('tally', 'tickets', 1, 1, 'x', $1, 'broken', 5)""",
            record,
        )
        await db.execute(
            """insert into effect (id, reactor, key, kind, brand, payload, cause_id,
                                   correlation_id, traceparent, state, error)
               values ($1, 'mailer', 'k', 'email', 'ponto', '{}', $1, $1, '', 'parked', 'no')""",
            EVENT,
        )


def asked(**changed: object) -> str:
    said = {"kind": "event", "consumer": "tally", "id": EVENT, "who": "staff ana", **changed}
    return json.dumps({name: value for name, value in said.items() if value is not None})


async def test_parked_things_are_listed_tried_again_and_skipped_with_a_reason(
    client: Client,
) -> None:
    await park(client)
    token = client.token(scopes=["internal"], account_id=None)
    answer = await client.http.get("/internal/parked", headers={"authorization": f"Bearer {token}"})
    assert [(each["kind"], each["consumer"]) for each in answer.json()] == [
        ("event", "tally"),
        ("effect", "mailer"),
    ]
    effect = {"kind": "effect", "consumer": "mailer"}
    for verb, body in (
        ("retry", asked()),
        ("retry", asked(**effect)),
        ("skip", asked(reason="counted by hand")),
    ):
        done = await client.post(f"/internal/parked/{verb}", content=body, token=token)
        assert done.status_code == 204
    again = await client.post("/internal/parked/retry", content=asked(), token=token)
    assert code_of(again) == (404, "nothing_parked")
    async with client.store.pool.acquire() as db:
        assert await db.fetchval("select count(*) from parked") == 0
        assert await db.fetchval("select state from effect") == "pending"
        rows = await db.fetch("select decision, kind, who, reason from parked_decision order by id")
    assert [tuple(row) for row in rows] == [
        ("retry", "event", "staff ana", None),
        ("retry", "effect", "staff ana", None),
        ("skip", "event", "staff ana", "counted by hand"),
    ]


@pytest.mark.parametrize(
    "body",
    [
        asked(),
        asked(reason="no"),
        asked(reason="x" * 501),
        asked(reason="two\nlines"),
        asked(reason="fine", id="x"),
        asked(reason="fine", kind="thing"),
        asked(reason="fine", who=""),
        asked(reason="fine", more=1),
    ],
)
async def test_a_skip_without_a_proper_reason_or_subject_is_refused(
    client: Client, body: str
) -> None:
    token = client.token(scopes=["internal"], account_id=None)
    answer = await client.post("/internal/parked/skip", content=body, token=token)
    assert code_of(answer) == (422, "malformed_request")


async def test_only_the_platform_itself_decides_about_what_is_parked(client: Client) -> None:
    for verb in ("retry", "skip"):
        answer = await client.post(f"/internal/parked/{verb}", content=asked(reason="fine"))
        assert code_of(answer) == (403, "forbidden")
