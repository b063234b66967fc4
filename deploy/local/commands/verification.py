"""`faktura verify`."""

import asyncio
import json as json_format
from typing import Any

from rich.text import Text

from deploy.local.installation import Installation
from deploy.local.keys import SERVICES
from deploy.local.operations import operating
from deploy.local.screen import print_json, screen
from deploy.local.state import Home

PROMISES = (
    "hash chains valid, positions contiguous, ledger sums zero, every view equal to a rebuild,"
    " nothing parked"
)


async def verify(*, json: bool = False) -> int:
    """Prove the installation: chains, positions, ledger, views, nothing parked. Exit 1: a finding.

    Parameters
    ----------
    json
        Print one JSON object with `ok` and `findings`.
    """
    findings = await find(Installation.open(Home.find()))
    if json:
        print_json({"ok": not findings, "findings": findings})
    elif findings:
        for finding in findings:
            screen.print(Text.assemble(("✗ ", "red"), json_format.dumps(finding)), soft_wrap=True)
    else:
        screen.print(f"[green]✓[/] {PROMISES}", soft_wrap=True)
    return 1 if findings else 0


async def find(installation: Installation) -> list[dict[str, Any]]:
    """What the verification of each service has found, with the service's name."""
    async with operating(installation) as operator:
        found = await asyncio.gather(*(operator.verify(service) for service in SERVICES))
    return [
        {"service": service, **finding}
        for service, findings in zip(SERVICES, found, strict=True)
        for finding in findings
    ]
