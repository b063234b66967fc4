"""What a cart holds, as values: what is wanted of a product or a service, never what it costs."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from uuid import UUID

from services.billing.catalogue.pricing import Choice
from shared.errors import Invalid

PRODUCT, ADDON, RENEWAL = "product", "addon", "renewal"
MOST_ITEMS = 30
MOST_PERIODS = 36
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?=.{{4,253}}\Z){_LABEL}(?:\.{_LABEL})*\.(?!\d+\Z){_LABEL}")


class DomainNameInvalid(Invalid):
    """This is not a domain name such as example.com."""


@dataclass(frozen=True, kw_only=True)
class CartItem:
    """One thing that is wanted; its id becomes that of the service that it leads to.

    `kind` product: so many of a product, configured, for a domain; addon: the same for `parent_id`,
    a service that is held or an item of the same cart, whose domain it is for; renewal: the next
    `periods` of the service `service_id`.
    """

    item_id: UUID
    kind: str
    product_id: UUID | None = None
    cycle: str = ""
    domain: str = ""
    choices: list[Choice] = field(default_factory=list)
    quantity: int = 1
    parent_id: UUID | None = None
    service_id: UUID | None = None
    periods: int = 1


def domain_name(typed: str, *, is_needed: bool) -> str:
    """As it is kept: in small letters. `DomainNameInvalid`; an empty one only if it is needed."""
    domain = typed.lower()
    if domain or is_needed:
        check_domain(domain)
    return domain


def check_domain(domain: str) -> None:
    """`DomainNameInvalid` unless it is a domain name in small letters."""
    if not _DOMAIN.fullmatch(domain):
        raise DomainNameInvalid(field="domain")


def brought_along(brought: Iterable[CartItem], held: Iterable[CartItem]) -> list[CartItem]:
    """What of one cart is put into another one, which holds the rest of it already.

    What is wanted in both is wanted once; an addon follows the item that it is for.
    """
    known = {_apart_from_id(each): each.item_id for each in held}
    instead: dict[UUID, UUID] = {}
    added: list[CartItem] = []
    for item in sorted(brought, key=lambda each: each.kind == ADDON):
        parent_id = item.parent_id and instead.get(item.parent_id, item.parent_id)
        moved = replace(item, parent_id=parent_id)
        same_id = known.get(_apart_from_id(moved))
        if same_id:
            instead[item.item_id] = same_id
        else:
            added.append(moved)
    return added


def _apart_from_id(item: CartItem) -> str:
    return repr(replace(item, item_id=_NOBODY))


_NOBODY = UUID(int=0)
