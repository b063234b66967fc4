"""Which attempts the gateway is to be asked about now, and when next.

An attempt that waits for its payer is asked about the less often the older it is, for a webhook may
be lost. One whose outcome is unknown is asked about by `inquiry_schedule.py`, then it is a task for
the staff; so is money that is on its way for longer than the gateway says it may take.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from services.billing.payments.inquiry_schedule import AskAt, next_inquiry, questions_due
from services.billing.staff_tasks.kinds import Kind
from shared.database import Pool, acquire

BATCH = 50

_TAKE_DUE = """
insert into inquiry (subject_id, asked_at, asked, since, next_at)
select p.payment_id, $1::timestamptz, 1, p.since, $1::timestamptz + interval '1 minute'
from payment_open p left join inquiry i on i.subject_id = p.payment_id and i.since = p.since
where case when i.subject_id is null then p.since + interval '1 minute' else i.next_at end
      <= $1::timestamptz
order by p.started_at limit $2
on conflict (subject_id) do update set
    asked = case when inquiry.since = excluded.since then inquiry.asked + 1 else 1 end,
    asked_at = excluded.asked_at, since = excluded.since, next_at = excluded.next_at
    where inquiry.since is distinct from excluded.since or inquiry.next_at <= excluded.asked_at
returning subject_id, asked, since
"""
_ABOUT = """
select payment_id, status, gateway, started_at from payment_open where payment_id = any($1)
"""
_NEXT = """
update inquiry set next_at = $3 where subject_id = $1 and since = $2
"""

Status = Literal["open", "pending", "unknown"]


@dataclass(frozen=True, kw_only=True)
class Planned:
    """The next question; None: no more. `for_staff`: why people are to look into it from now on."""

    at: datetime | None
    for_staff: Kind | None = None


@dataclass(frozen=True, kw_only=True)
class Question:
    """An attempt that is asked about. It has been what it is (`status`) since `since`."""

    payment_id: UUID
    status: Status
    gateway: str
    started_at: datetime
    since: datetime
    asked: int

    def is_old(self, now: datetime) -> bool:
        """Whether an attempt that the gateway does not have can be given up."""
        return now - self.started_at > timedelta(days=1)

    def next_after(self, now: datetime, *, pending_days: int) -> Planned:
        """What comes after the question of `now`, if the attempt is still the same then.

        >>> from datetime import UTC
        >>> since = datetime(2026, 3, 1, 12, tzinfo=UTC)
        >>> about = {"payment_id": UUID(int=1), "gateway": "sandbox", "started_at": since}
        >>> asked = Question(status="unknown", since=since, asked=1, **about)
        >>> asked.next_after(since + timedelta(minutes=1), pending_days=0).at.isoformat()
        '2026-03-01T12:05:00+00:00'
        """
        if self.status == "unknown":
            return self._after_silence(now)
        at = now + _pause(now - self.started_at)
        is_late = self.status == "pending" and now - self.since > timedelta(days=pending_days + 1)
        return Planned(at=at, for_staff="payment_pending_too_long" if is_late else None)

    def _after_silence(self, now: datetime) -> Planned:
        match next_inquiry(self.since, asked=questions_due(self.since, now=now)):
            case AskAt(at):
                return Planned(at=at)
            case _:
                return Planned(at=None, for_staff="payment_outcome_unknown")


def _pause(age: timedelta) -> timedelta:
    if age < timedelta(hours=1):
        return timedelta(minutes=1)
    return timedelta(minutes=5) if age < timedelta(days=1) else timedelta(hours=1)


async def take_due_questions(pool: Pool, now: datetime) -> list[Question]:
    """The questions that are due, for this process alone for a minute."""
    async with acquire(pool) as db:
        taken = await db.fetch(_TAKE_DUE, now, BATCH)
        rows = await db.fetch(_ABOUT, [row["subject_id"] for row in taken])
    about = {row["payment_id"]: row for row in rows}
    return [
        Question(**about[row["subject_id"]], since=row["since"], asked=row["asked"])
        for row in taken
        if row["subject_id"] in about
    ]


async def note_next_question(pool: Pool, question: Question, *, planned: Planned) -> None:
    """Keep when it is asked again; nothing where it has become another question meanwhile."""
    async with acquire(pool) as db:
        await db.execute(_NEXT, question.payment_id, question.since, planned.at)
