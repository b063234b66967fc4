"""A year of many accounts: `python -m tests.year --seed 1 --accounts 1000 --days 365`."""

import argparse
import sys
import time
from collections import Counter

from tests.year.year import Outcome, play_year


def main() -> int:
    """Play the year; the first day on which something does not hold ends it with an error."""
    parser = argparse.ArgumentParser(prog="python -m tests.year", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--accounts", type=int, default=1000)
    parser.add_argument("--days", type=int, default=365)
    given = parser.parse_args()
    begun = time.process_time()
    outcome = play_year(given.seed, accounts=given.accounts, days=given.days, watch=_tell)
    sys.stdout.write(_lines(outcome, given.accounts, time.process_time() - begun))
    return 0


def _tell(day: int, counts: Counter[str]) -> None:
    if day % 30 == 29:
        sys.stderr.write(f"day {day + 1}: {counts.total():,} events\n")


def _lines(outcome: Outcome, accounts: int, seconds: float) -> str:
    """For a person."""
    return (
        f"seed {outcome.seed}: {accounts:,} accounts, {outcome.days} days, "
        f"{outcome.events:,} events, {seconds:.0f} s of processor time\n"
        f"log {outcome.digest}\n"
        f"published: {_counted(outcome.counts)}\n"
        f"done: {_counted(outcome.done)}\n"
        f"refused: {_counted(outcome.refused)}\n"
        f"ledger: {_counted(outcome.balances)}\n"
    )


def _counted(found: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {what}" for what, count in sorted(found.items()))


if __name__ == "__main__":
    sys.exit(main())
