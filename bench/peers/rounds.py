"""What another program's part of `bench.ledgers` says to it: rounds, asked for and answered.

Only the standard library: it runs in that program's environment. A line of JSON lists the ways in
which it can work; for each line of input, which names one, it plays a round of 100 invoices and
prints the milliseconds that each stage took for one of them.
"""

import json
import sys
import time
from collections.abc import Sequence
from typing import Any, Protocol

SIZE = 100
"""Invoices of a round and of a transaction."""
ONE_BY_ONE, TOGETHER = "one by one", "together"
WAYS = (ONE_BY_ONE, TOGETHER)
STAGES = ("create", "post", "pay")


class Subject(Protocol):
    """A program's books, open."""

    def create(self) -> Sequence[Any]:
        """SIZE drafts, saved, of one line with tax each."""
        ...

    def post(self, invoices: Sequence[Any], way: str) -> None:
        """Number them and book them in the journal."""
        ...

    def pay(self, invoices: Sequence[Any], way: str) -> None:
        """Pay each in full; payment and invoice are reconciled."""
        ...

    def check(self, invoices: Sequence[Any]) -> None:
        """All of that is really so."""
        ...


def play(subject: Subject) -> None:
    """One round for each line of input; before the first of a way, one that is not counted."""
    print(json.dumps(WAYS), flush=True)
    warm: set[str] = set()
    for line in sys.stdin:
        way = line.strip()
        if way not in warm:
            _timed(subject, way)
            warm.add(way)
        print(json.dumps(_timed(subject, way)), flush=True)


def _timed(subject: Subject, way: str) -> dict[str, float]:
    """Milliseconds for one invoice of each stage."""
    started = time.perf_counter()
    invoices = subject.create()
    created = time.perf_counter()
    subject.post(invoices, way)
    posted = time.perf_counter()
    subject.pay(invoices, way)
    paid = time.perf_counter()
    subject.check(invoices)
    ends = (started, created, posted, paid)
    return {
        stage: (end - begin) * 1000 / SIZE
        for stage, begin, end in zip(STAGES, ends, ends[1:], strict=False)
    }
