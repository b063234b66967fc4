"""`make bench`: every benchmark in turn, one table, and bench/results.json.

`python -m bench append relay` runs those two alone.
"""

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import uvloop

from bench import (
    append,
    documents,
    histories,
    latency,
    ledgers,
    memory,
    previews,
    reads,
    relay,
    renewals,
    returns,
    snapshots,
    views,
)
from bench.house import House, running_house
from bench.results import Result, report


def _in_loop(measure: Any, house: House) -> list[Result]:
    return uvloop.run(measure(house))


BENCHMARKS: dict[str, Callable[[House], list[Result]]] = {
    "reads": reads.run,
    "append": partial(_in_loop, append.measure),
    "snapshots": partial(_in_loop, snapshots.measure),
    "relay": partial(_in_loop, relay.measure),
    "latency": partial(_in_loop, latency.measure),
    "views": partial(_in_loop, views.measure),
    "memory": partial(_in_loop, memory.measure),
    "histories": partial(_in_loop, histories.measure),
    "renewals": partial(_in_loop, renewals.measure),
    "previews": partial(_in_loop, previews.measure),
    "documents": partial(_in_loop, documents.measure),
    "ledgers": partial(_in_loop, ledgers.measure),
    "returns": partial(_in_loop, returns.measure),
}


def main() -> None:
    """Run all, or those that are named, each on fresh servers of its own."""
    wanted = sys.argv[1:] or list(BENCHMARKS)
    if unknown := set(wanted) - set(BENCHMARKS):
        sys.exit(f"no such benchmark: {', '.join(sorted(unknown))}; there are {list(BENCHMARKS)}")
    results: list[Result] = []
    for name in wanted:
        with running_house() as house:
            results += BENCHMARKS[name](house)
    report(results)


if __name__ == "__main__":
    main()
