"""What the generator of traffic was told: every answer that it must find in the platform later."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Person:
    """A client who has registered; `token` is for the services, five minutes long."""

    number: int
    email: str
    address: str
    account_id: str = ""
    session: str = ""
    token: str = ""
    invoices: list[str] = field(default_factory=list)
    orders: list[str] = field(default_factory=list)
    tickets: list[str] = field(default_factory=list)


@dataclass
class Books:
    """The ledger of one stand, over all of its tests.

    `accepted` counts the 2xx answers by what was done, `promised` has what each of them named.
    """

    people: list[Person] = field(default_factory=list)
    seeds: set[int] = field(default_factory=set)
    accepted: Counter[str] = field(default_factory=Counter)
    promised: list[tuple[str, str, str]] = field(default_factory=list)
    """(public event, name of its field, value): exactly one such event must exist."""
    replies: Counter[str] = field(default_factory=Counter)
    """ticket -> how many replies to it were accepted."""
    positions: set[tuple[str, int, int, str]] = field(default_factory=set)
    """(service, partition, position, account) that an answer named."""
    statuses: Counter[int] = field(default_factory=Counter)
    silences: int = 0
    """Requests that met a closed connection or no answer in time; each was asked again."""
    faults: list[str] = field(default_factory=list)
    """Answers of 5xx other than 503, and of 2xx or 5xx to bad input."""
    slowest_s: float = 0.0

    def promise(self, event: str, **named: Any) -> None:
        """An answer named something that exactly one event of the type must name."""
        ((name, value),) = named.items()
        if (event, name, str(value)) not in self.promised:
            self.promised.append((event, name, str(value)))

    def note_position(self, header: str, account_id: str) -> None:
        """Where an answer says that the command's last public events are."""
        for place in header.split(","):
            service, partition, position = place.split("/")
            self.positions.add((service, int(partition), int(position), account_id))
