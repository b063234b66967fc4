"""`make golden`: adds the samples of events that no golden file has yet. It changes none.

tests/golden/<service>.jsonl has one line for each event and version that was ever released, as it
was stored (`domain`) or published (`public`) then. What is there stays for ever.
"""

import sys
from pathlib import Path

import msgspec

from tests.golden.samples import (
    Golden,
    domain_events,
    public_events,
    published,
    service_names,
    stored,
)

FOLDER = Path(__file__).parent
Kind = str
"""`domain` or `public`."""


def golden_of(service: str) -> dict[tuple[Kind, str, int], Golden]:
    """What the service's file has: (kind, name, version) -> golden event."""
    file = FOLDER / f"{service}.jsonl"
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    entries = [msgspec.json.decode(line) for line in lines]
    found = {
        (e["kind"], e["name"], e["version"]): Golden(e["name"], e["version"], e["data"])
        for e in entries
    }
    assert len(found) == len(lines), f"{file.name} has an event twice"
    return found


def samples_of_today(service: str) -> dict[tuple[Kind, str, int], Golden]:
    """What the service stores and publishes now, one sample of each."""
    samples = [("domain", stored(cls)) for cls in domain_events(service)]
    samples += [("public", published(cls)) for cls in public_events(service)]
    return {(kind, sample.name, sample.version): sample for kind, sample in samples}


def write(service: str) -> int:
    """Add to the service's file what it lacks; how many lines that were."""
    known = golden_of(service)
    missing = {key: s for key, s in samples_of_today(service).items() if key not in known}
    if not missing:
        return 0
    with (FOLDER / f"{service}.jsonl").open("a", encoding="utf-8") as file:
        for (kind, name, version), sample in missing.items():
            line = {"kind": kind, "name": name, "version": version, "data": sample.data}
            file.write(msgspec.json.encode(line).decode() + "\n")
    return len(missing)


if __name__ == "__main__":
    for service in service_names():
        sys.stdout.write(f"{service}: {write(service)} added\n")
