"""Many seeds in several processes: `python -m tests.simulation --seeds 5000 --first 0`."""

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

from tests.simulation.simulate import Outcome, simulate

CHUNK = 10


def main() -> int:
    """Run the seeds; 1 when one of them fails, with the command that shows it again."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=5000, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--trace", action="store_true", help="write all that happened")
    given = parser.parse_args()
    begun = time.perf_counter()
    total = Summary()
    for outcome in _outcomes(given):
        total.add(outcome)
        if given.trace:
            sys.stdout.write("".join(outcome.lines))
        if outcome.problem:
            sys.stdout.write(
                f"seed {outcome.seed}: {outcome.problem}\n"
                f"  again: make simulate SEEDS=1 FROM={outcome.seed}\n"
            )
            sys.stdout.flush()
    sys.stdout.write(total.lines(time.perf_counter() - begun))
    return 1 if total.failed else 0


def _outcomes(given: argparse.Namespace) -> Iterator[Outcome]:
    seeds = range(given.first, given.first + given.seeds)
    if given.processes == 1 or given.seeds == 1:
        yield from (simulate(seed, keeps_trace=given.trace) for seed in seeds)
        return
    with ProcessPoolExecutor(given.processes) as pool:
        yield from pool.map(simulate, seeds, chunksize=CHUNK)


class Summary:
    """What many seeds come to."""

    def __init__(self) -> None:
        self.seeds = 0
        self.failed: list[int] = []
        self.events = 0
        self.virtual_s = 0.0
        self.longest_s = 0.0
        self.counts: Counter[str] = Counter()

    def add(self, outcome: Outcome) -> None:
        """One more seed."""
        self.seeds += 1
        self.events += outcome.events
        self.virtual_s += outcome.virtual_s
        self.longest_s = max(self.longest_s, outcome.healed_s)
        self.counts += outcome.counts
        if outcome.problem:
            self.failed.append(outcome.seed)

    def lines(self, seconds: float) -> str:
        """For a person."""
        happened = ", ".join(f"{count:,} {what}" for what, count in sorted(self.counts.items()))
        return (
            f"{self.seeds:,} seeds, {len(self.failed)} failed {self.failed[:20]}\n"
            f"{seconds:.0f} s ({self.seeds / seconds:.1f} seeds/s), "
            f"{self.virtual_s / 3600:.1f} virtual hours, {self.events:,} events, "
            f"longest way to quiet {self.longest_s:.0f} virtual s\n{happened}\n"
        )


if __name__ == "__main__":
    sys.exit(main())
