"""What is to come for an account, as values: the events of its days, and what hinders them."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from shared.envelope import Envelope
from shared.errors import DomainError


@dataclass(frozen=True, kw_only=True)
class Foretold:
    """An event that is to come on `day`."""

    day: date
    envelope: Envelope


@dataclass(frozen=True, kw_only=True)
class Hindered:
    """What the business day could not do: the step, and the refusal."""

    day: date
    step: str
    refusal: DomainError


@dataclass(frozen=True, kw_only=True)
class Course:
    """All that is to come from `first` to `until`, in order."""

    first: date
    until: date
    foretold: list[Foretold]
    hindered: list[Hindered]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Whose days are played ahead, and how far."""

    account_id: UUID
    brand: str
    until: date
