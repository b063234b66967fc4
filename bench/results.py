"""What a benchmark reports: a figure, its baseline of the same run, their ratio, and the target."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results.json"
SMALL_IS_GOOD = ("ms", "MB")


@dataclass(frozen=True, kw_only=True)
class Result:
    """One line of the table. `ratio` is value / baseline; `target` is what the ratio must reach.

    For a latency or a size (`unit` is ms or MB) the ratio must not exceed the target. `limit` is
    what the value itself must not exceed, or must reach. One of the two is given, or both.
    """

    name: str
    value: float
    unit: str
    baseline: float
    target: float | None = None
    limit: float | None = None

    @property
    def ratio(self) -> float:
        """The figure in units of its baseline."""
        return self.value / self.baseline

    @property
    def met(self) -> bool:
        """Whether ratio and value are on the right side of their bounds."""
        bounds = ((self.ratio, self.target), (self.value, self.limit))
        return all(
            figure <= bound if self.unit in SMALL_IS_GOOD else figure >= bound
            for figure, bound in bounds
            if bound is not None
        )

    @property
    def bounds(self) -> str:
        """The bounds in words."""
        sign = "<=" if self.unit in SMALL_IS_GOOD else ">="
        ratio = [] if self.target is None else [f"{sign} {self.target:g} x"]
        value = [] if self.limit is None else [f"{sign} {self.limit:g}"]
        return ", ".join(ratio + value)


def report(results: Sequence[Result]) -> None:
    """Print the table and write bench/results.json."""
    table = Table(title="Benchmarks: medians of interleaved rounds, ratios within this run")
    for heading in ("what", "figure", "unit", "baseline", "ratio", "target", "met"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for result in results:
        table.add_row(
            result.name,
            f"{result.value:,.2f}",
            result.unit,
            f"{result.baseline:,.2f}",
            f"{result.ratio:.2f}",
            result.bounds,
            "yes" if result.met else "NO",
        )
    Console(width=120).print(table)
    rows = [{**asdict(r), "ratio": r.ratio, "met": r.met} for r in results]
    RESULTS.write_text(json.dumps(rows, indent=2) + "\n")
