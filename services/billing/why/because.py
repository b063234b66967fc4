"""Saying why within a command: the rule, the policy at hand and the event that led to it."""

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from services.billing.why.codes import Code
from services.billing.why.why import Why

if TYPE_CHECKING:  # commands say why, and their chains of imports are long
    from shared.store import Transaction

Fact = str | int | date | UUID


class Versioned(Protocol):
    """A policy, by what names it (`rules.policy.Policy`)."""

    @property
    def version(self) -> str: ...


def because(
    tx: "Transaction",
    rule: Code,
    *,
    policy: Versioned | None = None,
    **facts: Fact,
) -> Why:
    """Why what this transaction records is so."""
    return Why(
        rule=rule,
        policy_version=policy.version if policy else "",
        caused_by=tx.cause.causation_id,
        facts={name: str(fact) for name, fact in facts.items()},
    )


def taken_off_why(why: Why | None, codes: str) -> Why | None:
    """Why promotions with these codes take something off what is charged for `why`."""
    rule: Code = "promotion.taken_off"
    return replace(why, rule=rule, facts={**why.facts, "codes": codes}) if why else None
