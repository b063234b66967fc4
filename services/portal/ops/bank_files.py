"""What banks write, as billing tells of it: return files of boletos, and account statements."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from services.portal.browser.visit import Visit

RETURN_FILES = "/v1/return-files"
STATEMENTS = "/v1/bank-statements"
Told = TypeVar("Told")


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How many lines came out so; `paid_minor` by them, in centavos."""

    outcome: str
    lines: int
    paid_minor: int
    wants_staff: bool


class ReturnFile(msgspec.Struct, frozen=True, kw_only=True):
    """A return file; `problem` says where a refused one is damaged.

    `state`: received, read, settled or refused. `occurrences` is None until it is read.
    """

    return_file_id: UUID
    name: str
    bank: str
    columns: int
    written_on: date | None
    received_at: datetime
    state: str
    problem: dict[str, Any] | None
    occurrences: int | None
    outcomes: list[Outcome]

    @property
    def id(self) -> UUID:
        """The file's id, as links name it."""
        return self.return_file_id

    @property
    def waiting(self) -> int:
        """How many lines nothing was decided about yet."""
        return sum(each.lines for each in self.outcomes if each.outcome == "waiting")

    @property
    def for_staff(self) -> int:
        """How many lines somebody should look at."""
        return sum(each.lines for each in self.outcomes if each.wants_staff)

    @property
    def matched(self) -> int:
        """How many lines did what they should."""
        return sum(each.lines for each in self.outcomes) - self.waiting - self.for_staff


class ReturnLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a return file and what came of it, None while it waits. Amounts in centavos."""

    line: int
    outcome: str | None
    wants_staff: bool
    detail: str
    code: str
    own_number: str
    document: str
    occurred_on: date | None
    amount_minor: int
    paid_minor: int
    account_id: UUID | None


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What a statement says of one of the brand's accounts, by the way to pay that leads there."""

    method: str
    number: str
    from_on: date | None
    to_on: date | None
    passed_over: int
    is_balanced: bool | None


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """A statement; what became of its `new_entries` by status, and how many still wait."""

    statement_id: UUID
    format: str
    entries: int
    new_entries: int
    imported_at: datetime
    by_status: dict[str, int]
    waiting: int
    parts: list[Part]

    @property
    def id(self) -> UUID:
        """The file's id, as links name it."""
        return self.statement_id


async def return_files(visit: Visit, *, limit: int) -> list[ReturnFile]:
    """The brand's, newest first."""
    return await _ask(visit, f"{RETURN_FILES}?limit={limit}", told=list[ReturnFile])


async def statements(visit: Visit, *, limit: int) -> list[Statement]:
    """The brand's, newest first."""
    return await _ask(visit, f"{STATEMENTS}?limit={limit}", told=list[Statement])


async def return_file(visit: Visit, id: UUID) -> ReturnFile:
    """One of the brand's; any other is not found."""
    return await _ask(visit, f"{RETURN_FILES}/{id}", told=ReturnFile)


async def lines_of(
    visit: Visit, id: UUID, *, outcome: str, after: int, limit: int
) -> Sequence[ReturnLine]:
    """Its lines behind the line `after`, in the file's order: all, or those of an outcome."""
    query = f"limit={limit}&after={after}" + (f"&outcome={outcome}" if outcome else "")
    return await _ask(visit, f"{RETURN_FILES}/{id}/lines?{query}", told=list[ReturnLine])


async def _ask(visit: Visit, path: str, *, told: type[Told]) -> Told:
    assert visit.session is not None, "the pages are for staff"
    answer = await visit.desk.peers.call("billing", "GET", path, token=visit.session.token)
    return msgspec.json.decode(answer.content, type=told)
