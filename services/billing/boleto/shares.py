"""What a payer's money for a boleto is for: what was asked, being late, and what is too much.

Amounts are centavos.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Shares:
    """They sum to what was paid. `asked_minor` is all that was asked for, or nothing of it.

    `other_minor` is money that was not asked for like this: a part, too much, or paid once more.
    """

    asked_minor: int
    charges_minor: int
    other_minor: int


def shares_of(
    paid_minor: int, *, asked_minor: int, owed_for_lateness_minor: int, is_awaited: bool
) -> Shares:
    """Share out what was paid. First what was asked, then fine and interest as far as they go.

    So a payer who leaves out the fine has paid the debt (Código Civil, article 354: who is owed may
    count a payment to the principal first). `is_awaited`: it was not paid before.

    >>> shares_of(10240, asked_minor=10000, owed_for_lateness_minor=233, is_awaited=True)
    Shares(asked_minor=10000, charges_minor=233, other_minor=7)
    >>> shares_of(9000, asked_minor=10000, owed_for_lateness_minor=233, is_awaited=True)
    Shares(asked_minor=0, charges_minor=0, other_minor=9000)
    """
    if not is_awaited or paid_minor < asked_minor:
        return Shares(asked_minor=0, charges_minor=0, other_minor=paid_minor)
    more_minor = paid_minor - asked_minor
    charges_minor = min(more_minor, owed_for_lateness_minor)
    return Shares(
        asked_minor=asked_minor,
        charges_minor=charges_minor,
        other_minor=more_minor - charges_minor,
    )
