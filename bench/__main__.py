"""`make bench`: every benchmark in turn, one table, and bench/results.json."""

import uvloop

from bench import append, latency, memory, reads, relay, renewals, snapshots, views
from bench.house import running_house
from bench.results import Result, report


def main() -> None:
    """Run all, each on fresh servers of its own."""
    results: list[Result] = []
    with running_house() as house:
        results += reads.run(house)
    for benchmark in (append, snapshots, relay, latency, views, memory, renewals):
        with running_house() as house:
            results += uvloop.run(benchmark.measure(house))
    report(results)


if __name__ == "__main__":
    main()
