"""What members of staff may do, by their role: the permissions that their tokens name.

Each role may do what the one before it may, and more. A name stays for ever.
"""

from collections.abc import Mapping
from typing import Literal, get_args

from shared.contracts.permissions import (
    BILLING_APPROVE_REFUND,
    BILLING_BANK,
    BILLING_CATALOGUE,
    BILLING_CORRECT,
    BILLING_INVOICE,
    BILLING_ORDERS,
    BILLING_READ,
    BILLING_REFUND,
    BILLING_SERVICES,
    BILLING_TASKS,
    BILLING_WRITE_OFF,
    STAFF_PERMISSIONS,
)

Role = Literal["support", "billing", "manager", "admin"]

ADMIN: Role = "admin"
_SUPPORT = (BILLING_READ,)
_BILLING = (
    *_SUPPORT,
    BILLING_INVOICE,
    BILLING_CORRECT,
    BILLING_ORDERS,
    BILLING_TASKS,
    BILLING_BANK,
    BILLING_REFUND,
)
_MANAGER = (
    *_BILLING,
    BILLING_SERVICES,
    BILLING_CATALOGUE,
    BILLING_WRITE_OFF,
    BILLING_APPROVE_REFUND,
)

PERMISSIONS: Mapping[Role, tuple[str, ...]] = {
    "support": _SUPPORT,
    "billing": _BILLING,
    "manager": _MANAGER,
    ADMIN: STAFF_PERMISSIONS,
}
"""Rules and the daily run are for administrators alone."""


def permissions_of(role: str) -> tuple[str, ...]:
    """What the role may do; nothing for one that is not known.

    >>> permissions_of("support")
    ('billing.read',)
    """
    return next((PERMISSIONS[each] for each in get_args(Role) if each == role), ())
