"""The order that a visitor is about to place: kept in a cookie over registration and sign-in.

It holds only what was chosen, never a price: billing prices the order when it is placed.
"""

import msgspec
from starlette.responses import Response

from services.portal.browser.visit import Visit
from services.portal.catalogue.views import CYCLES, Product, product_by_slug

KEPT_S = 7 * 24 * 3600
LONGEST_DOMAIN = 253


class Cart(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be ordered: the product's slug, a cycle and a domain."""

    product: str
    cycle: str
    domain: str


def cart_of(visit: Visit) -> Cart | None:
    """The visitor's cart; one that cannot be read, or is of no use, is none."""
    text = visit.call.request.cookies.get(visit.desk.cookies.cart, "")
    slug, cycle, domain = (*text.split("|"), "", "", "")[:3]
    if not slug or cycle not in CYCLES or not domain or len(domain) > LONGEST_DOMAIN:
        return None
    return Cart(product=slug, cycle=cycle, domain=domain)


async def product_in_cart(visit: Visit, cart: Cart | None) -> Product | None:
    """What the cart's product is now, if it is still on sale."""
    if cart is None:
        return None
    return await product_by_slug(visit.db, visit.brand.slug, slug=cart.product)


def keep(visit: Visit, response: Response, *, cart: Cart) -> Response:
    """The response with the cart in its cookie."""
    value = f"{cart.product}|{cart.cycle}|{cart.domain}"
    jar = visit.desk.cookies
    jar.set(response, jar.cart, value=value, max_age_s=KEPT_S)
    return response


def drop(visit: Visit, response: Response) -> Response:
    """The response that empties the cart."""
    visit.desk.cookies.drop(response, visit.desk.cookies.cart)
    return response
