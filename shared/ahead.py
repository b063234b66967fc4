"""What a transaction has read ahead, for a chunk of commands that would else ask one by one.

Each kind of question is put for all of them in one statement; the commands stay as they are and
find their answers here. What is read ahead is as old as the transaction's own reads: a writer who
was first is noticed at the commit, as ever.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from shared.database import PoolReads, Reads

LOAD_MANY = """
select state, version, null as topic, account_id, null as data, stream_id from snapshot
where stream_id = any($1::uuid[]) and form = $2
union all
select null, e.version, e.topic, e.account_id, e.data::text, e.stream_id
from events e left join snapshot s on s.stream_id = e.stream_id and s.form = $2
where e.stream_id = any($1::uuid[]) and e.version > coalesce(s.version, 0)
order by stream_id, version
"""
"""As `snapshots.LOAD`, of many streams of one class."""

HistoryRow = tuple[str | None, int, str, UUID | None, str]
"""State (of a snapshot, the first row only), version, topic, account, data."""
Answers = Mapping[tuple[Any, ...], Sequence[Any]]
"""The arguments of a query -> the rows that it gives for them."""


class Ahead:
    """Streams, claims and rows that one transaction knows already."""

    def __init__(self, reads: Callable[[Mapping[str, Answers]], PoolReads]) -> None:
        self._reads = reads
        self._histories: dict[tuple[UUID, str], list[HistoryRow]] = {}
        self._claimed: dict[tuple[str, str], bool] = {}
        self._answers: dict[str, dict[tuple[Any, ...], Sequence[Any]]] = {}
        self.worked_out: dict[tuple[Any, ...], Any] = {}
        """What commands have reckoned, by all that it depends on: the next need not again."""

    @property
    def read(self) -> Reads:
        """The transaction's reads, those answered that were foreseen."""
        return self._reads(self._answers)

    async def streams(self, ids: Collection[UUID], *, form: str) -> None:
        """Read the histories of aggregates of one class; an id without events is known as such."""
        wanted = {id for id in ids if (id, form) not in self._histories}
        if not wanted:
            return
        found: dict[UUID, list[HistoryRow]] = {id: [] for id in wanted}
        for row in await self.read.fetch(LOAD_MANY, list(wanted), form):
            found[row["stream_id"]].append(tuple(row)[:5])
        self._histories.update({(id, form): history for id, history in found.items()})

    def history(self, id: UUID, *, form: str) -> list[HistoryRow] | None:
        """What was read of the stream; None: nobody read it ahead."""
        return self._histories.get((id, form))

    async def claims(self, kind: str, keys: Collection[str]) -> None:
        """Find out which of the names are taken."""
        wanted = [key for key in keys if (kind, key) not in self._claimed]
        if not wanted:
            return
        rows = await self.read.fetch(
            "select key from claim where kind = $1 and key = any($2)", kind, wanted
        )
        self._claimed.update({(kind, key): False for key in wanted})
        self._claimed.update({(kind, row["key"]): True for row in rows})

    def note_free(self, names: Collection[tuple[str, str]]) -> None:
        """These names are not taken, whatever the table says."""
        self._claimed.update(dict.fromkeys(names, False))

    def is_claimed(self, kind: str, key: str) -> bool | None:
        """Whether the name is taken; None: nobody asked ahead."""
        return self._claimed.get((kind, key))

    def foresee(self, query: str, answers: Answers) -> None:
        """Answer `query`, word for word, with these rows wherever it is asked with these values."""
        self._answers.setdefault(query, {}).update(answers)
