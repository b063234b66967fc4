"""What `make mutate` found: `mutmut results --all true | python -m tests.mutation`.

Each line is a mutant and what became of it. A file of which the tests killed less than 90 % fails.
"""

import sys
from collections import Counter, defaultdict
from collections.abc import Iterable

ENOUGH_PERCENT = 90
KILLED = frozenset({"killed", "timeout"})


def scores(lines: Iterable[str]) -> dict[str, Counter[str]]:
    """How many mutants of each module came to which end; those that were not tried are left out."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for line in lines:
        mutant, _, end = line.strip().rpartition(": ")
        module = mutant.rpartition(".")[0]
        if module and end != "not checked":
            found[module][end] += 1
    return dict(found)


def killed_percent(ends: Counter[str]) -> int:
    """The share of the mutants that a test noticed, rounded down.

    >>> killed_percent(Counter(killed=9, survived=1))
    90
    """
    return 100 * sum(ends[end] for end in KILLED) // ends.total()


def main(lines: Iterable[str]) -> int:
    """A line a module; 1 when too many survive in one of them, or none was tried."""
    found = scores(lines)
    for module, ends in sorted(found.items()):
        rest = ", ".join(f"{count} {end}" for end, count in sorted(ends.items()))
        sys.stdout.write(f"{killed_percent(ends):3} % killed  {module}  ({rest})\n")
    return int(not found or min(map(killed_percent, found.values())) < ENOUGH_PERCENT)


if __name__ == "__main__":
    sys.exit(main(sys.stdin))
