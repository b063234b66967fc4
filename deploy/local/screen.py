"""The terminal: what is said goes to standard output, what went wrong to standard error."""

import json
from typing import Any

from rich.console import Console

screen = Console(highlight=False)
problems = Console(stderr=True, highlight=False)


def print_json(content: Any) -> None:
    """Prints JSON for another program: no colours, no wrapping."""
    screen.file.write(json.dumps(content, ensure_ascii=False, indent=2) + "\n")
    screen.file.flush()
