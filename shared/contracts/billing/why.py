"""Why something was charged, said or done."""

from uuid import UUID

import msgspec


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """A rule by its stable code, the version of the policy, and the public event that led to it.

    `facts`: what the rule looked at, by name; nothing personal.
    """

    rule: str
    policy_version: str = ""
    caused_by: UUID | None = None
    facts: dict[str, str] = {}
