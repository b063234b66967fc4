"""Random statements of shared/ with arguments from small ranges, so that they meet each other."""

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from tests.simulation import kernel_statements as kernel
from tests.simulation.memory_postgres import STATEMENTS, Handler

Arguments = tuple[Any, ...]
Draw = Callable[[random.Random], Arguments]

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
FAR_AHEAD = datetime(2100, 1, 1, tzinfo=UTC)
STREAMS = [UUID(int=number) for number in range(1, 4)]
PARTITIONS = [3, 40]
ERRORS = ["ValueError('x')", "UnknownEvent('tickets')"]
TEXTS = ['{"b": 1, "a": [1, {"é": null}], "aa": "x y"}', "{}", '{"z": true, "y": "\\u00e9\\n"}']


def _some_id(draw: random.Random, count: int = 8) -> UUID:
    return UUID(int=100 + draw.randrange(count))


def _instant(draw: random.Random) -> datetime:
    return LONG_AGO + timedelta(seconds=draw.randrange(6))


def _append(draw: random.Random) -> Arguments:
    """0 to 2 events and 0 to 3 log rows; some repeat what is there. And guards."""
    stream, first, write_id = draw.choice(STREAMS), draw.randrange(1, 5), _some_id(draw)
    events = [
        (stream, first + step, "topic", write_id, "ponto", _text(draw), _instant(draw), write_id)
        for step in range(draw.randrange(3))
    ]
    log = sorted((_log_row(draw) for _ in range(draw.randrange(4))), key=lambda row: row[0])
    guards = _guards(draw, write_id, count=len(log)) if draw.random() < 0.5 else None
    return (events, log, guards)


def _log_row(draw: random.Random) -> Arguments:
    id_ = UUID(int=draw.getrandbits(100)) if draw.random() < 0.4 else _some_id(draw)
    envelope = ("TicketClosed", 1, None, "ponto", _instant(draw), "test", None, id_, "")
    return (draw.choice(PARTITIONS), id_, *envelope, _text(draw), draw.randbytes(4))


def _guards(draw: random.Random, write_id: UUID, *, count: int) -> str:
    claims = [
        {"kind": "email", "key": key, "write_id": str(write_id)}
        for key in draw.sample("abc", draw.randrange(3))
    ]
    answer = {
        "status": 201,
        "headers": {"etag": "1"},
        "body": "b2s=",
        "rows": [*range(1, count + 1)],
    }
    asked = {"request_hash": "ab", "write_id": str(write_id)}
    keys = [
        {"caller": "user", "key": key, "created_at": _day(draw), **asked, **answer}
        for key in draw.sample("abc", draw.randrange(2))
    ]
    return json.dumps({"claims": claims, "keys": keys})


def _text(draw: random.Random) -> str:
    return draw.choice(TEXTS)


def _day(draw: random.Random) -> str:
    return (LONG_AGO + timedelta(days=draw.randrange(3))).isoformat()


def _place(draw: random.Random) -> Arguments:
    return ("tally", "tickets", draw.choice(PARTITIONS), draw.randrange(1, 5))


def _park(draw: random.Random) -> Arguments:
    tries = draw.randrange(2)
    due = draw.choice([LONG_AGO, FAR_AHEAD]) + timedelta(seconds=draw.randrange(10**6))
    account = str(_some_id(draw, 2))
    record = json.dumps({"position": 1, "account": account})
    return (*_place(draw), account, record, draw.choice(ERRORS), tries, due if tries else None)


def _move(draw: random.Random) -> Arguments:
    before = draw.choice([0, 0, 1])
    after = before + 1
    partition, hash = PARTITIONS[0], draw.randbytes(4)
    return ("tally", ["tickets"], [partition], [before], [after], [hash], [0])


def _plan(draw: random.Random) -> Arguments:
    key = str(draw.randrange(5))
    new = UUID(int=draw.getrandbits(100))
    payload = draw.choice(TEXTS)
    return (_some_id(draw), "panel", key, "create", None, "ponto", payload, new, new, "")


def _remember(draw: random.Random) -> Arguments:
    reached = {partition: draw.randrange(5) for partition in PARTITIONS}
    known = (draw.randrange(9), "an id", draw.randrange(3))
    return ("TICKETS", _instant(draw), *known, list(reached), list(reached.values()))


DRAWS: dict[Handler, Draw] = {
    kernel.load_stream: lambda draw: (draw.choice(STREAMS), draw.choice("ab")),
    kernel.keep_snapshot: lambda draw: (
        draw.choice(STREAMS),
        draw.choice("ab"),
        draw.randrange(1, 5),
        None,
        draw.choice(TEXTS),
    ),
    kernel.append: _append,
    kernel.next_number: lambda draw: (draw.choice("ab"), draw.randint(1, 3)),
    kernel.is_claimed: lambda draw: ("email", draw.choice("abc")),
    kernel.write_of_claim: lambda draw: ("email", draw.choice("abc")),
    kernel.write_of_event: lambda draw: (draw.choice(STREAMS), draw.randrange(1, 5)),
    kernel.write_of_key: lambda draw: ("user", draw.choice("abc")),
    kernel.reached: lambda draw: ([_some_id(draw), _some_id(draw)],),
    kernel.release: lambda draw: ("email", draw.choice("abc")),
    kernel.kept_answer: lambda draw: ("user", draw.choice("abc"), _instant(draw)),
    kernel.unpublished: lambda draw: (PARTITIONS, [0, draw.randrange(3)], draw.randrange(1, 6)),
    kernel.published: lambda draw: (),
    kernel.all_heads: lambda draw: (),
    kernel.older: lambda draw: (PARTITIONS, [1, draw.randrange(3)], _instant(draw)),
    kernel.known_events: lambda draw: ([_some_id(draw) for _ in range(8)],),
    kernel.occurred_at: lambda draw: (_some_id(draw),),
    kernel.known_stream: lambda draw: ("TICKETS",),
    kernel.rewind: lambda draw: (draw.choice(PARTITIONS), draw.randrange(5)),
    kernel.remember: _remember,
    kernel.heads: lambda draw: (),
    kernel.page: lambda draw: (
        draw.choice(PARTITIONS),
        draw.randrange(3),
        draw.randrange(1, 4),
    ),
    kernel.checkpoints: lambda draw: ("tally",),
    kernel.move_checkpoints: _move,
    kernel.begin_checkpoints: _move,
    kernel.skipped: lambda draw: ("tally",),
    kernel.frozen: lambda draw: ("tally", PARTITIONS[: draw.randrange(3)]),
    kernel.park: _park,
    kernel.first_due: lambda draw: ("tally", PARTITIONS, LONG_AGO + timedelta(days=10)),
    kernel.unknown: lambda draw: ("tally", PARTITIONS),
    kernel.try_at: lambda draw: (*_place(draw), FAR_AHEAD),
    kernel.has_parked: lambda draw: ("tally", str(_some_id(draw, 2))),
    kernel.unpark: _place,
    kernel.note_failure: lambda draw: (*_place(draw), 2, "ValueError", FAR_AHEAD),
    kernel.plan: _plan,
    kernel.end_effect: lambda draw: (_some_id(draw), "done", draw.choice(TEXTS), FAR_AHEAD),
    kernel.keep_performed: lambda draw: (_some_id(draw), "text"),
    kernel.retry_effect: lambda draw: (_some_id(draw), False, FAR_AHEAD, "OSError"),
    kernel.due_effects: lambda draw: ("panel", FAR_AHEAD, 3),
}
"""What answers a statement -> how its arguments are drawn."""

TEXT_OF = {handler: text for text, handler in STATEMENTS.items()}

ALONE = frozenset({kernel.rewind, kernel.remember})
"""Compared outside of transactions only: a second update of a row in one transaction checks its
foreign key again and so waits for who holds the partition's head. Nothing in shared/ does that.
"""

OFTEN = [*DRAWS, *[kernel.begin_checkpoints, kernel.move_checkpoints, kernel.occurred_at] * 2]
"""What is drawn: a checkpoint has to begin before it can move."""
