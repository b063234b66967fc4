"""The soak's figures: kept as JSON, shown as a table in docs/reliability.md."""

import json
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parents[2] / "docs"
FIGURES = DOCS / "reliability.json"
PAGE = DOCS / "reliability.md"
BEGIN, END = "<!-- figures of the soak -->\n", "<!-- end of the figures -->\n"

WORDS = {
    "seconds": "seconds of traffic",
    "kills": "kills survived",
    "kills_by_program": "of them",
    "accepted_commands": "accepted commands",
    "requests_without_answer": "requests that met a dead connection and were asked again",
    "public_events": "public events",
    "lost": "lost",
    "duplicated_effects": "duplicated effects",
    "mails_sent_twice_under_one_message_id": "mails that went out twice under one Message-ID",
    "worst_recovery_s": "worst recovery of a program, from kill to ready, in seconds",
    "quiet_after_s": "seconds until everything was quiet afterwards",
}


def table_of(figures: dict[str, Any]) -> str:
    """The figures as a table in Markdown."""
    rows = [f"| {words} | {_text(figures[name])} |" for name, words in WORDS.items()]
    return "\n".join(["| | |", "|---|---|", *rows]) + "\n"


def _text(figure: Any) -> str:
    if isinstance(figure, dict):
        return ", ".join(f"{name} {count}" for name, count in figure.items())
    return f"{figure:,}"


def write_figures(figures: dict[str, Any]) -> None:
    """Keep the figures and put their table into the page."""
    FIGURES.write_text(json.dumps(figures, indent=2) + "\n")
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(before + BEGIN + table_of(figures) + END + rest.partition(END)[2])
