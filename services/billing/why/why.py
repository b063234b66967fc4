"""Why something was charged, said or done: a rule, the policy that it stood in, and its cause."""

from dataclasses import dataclass, field
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class Why:
    """`rule` is a stable code such as renewal.period_due; `policy_version` as `Policy.version`.

    `caused_by`: the public event that led to it, as far as there was one. `facts`: what the rule
    looked at, as text, by name; nothing personal.
    """

    rule: str
    policy_version: str = ""
    caused_by: UUID | None = None
    facts: dict[str, str] = field(default_factory=dict)
