"""Saying why within a command: the rule, the policy at hand and the event that led to it."""

from datetime import date
from typing import Protocol
from uuid import UUID

from services.billing.why.why import Why
from shared.store import Transaction


class Versioned(Protocol):
    """A policy, by what names it (`rules.policy.Policy`)."""

    @property
    def version(self) -> str: ...


def because(
    tx: Transaction, rule: str, *, policy: Versioned | None = None, **facts: str | int | date | UUID
) -> Why:
    """Why what this transaction records is so; `rule` is a stable code."""
    return Why(
        rule=rule,
        policy_version=policy.version if policy else "",
        caused_by=tx.cause.causation_id,
        facts={name: str(fact) for name, fact in facts.items()},
    )
