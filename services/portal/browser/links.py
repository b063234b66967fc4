"""Where a form or a sign-in may lead to: pages of this portal only."""

import re

_PAGE = re.compile(r"/(?!/)[A-Za-z0-9_.~!$&'()*+,;=:@%/?-]*")
ALLOWED = (
    "/",
    "/products",
    "/order/",
    "/orders/",
    "/services",
    "/invoices",
    "/pay",
    "/payments",
    "/payment-methods",
    "/credit",
    "/tickets",
    "/profile",
    "/ops",
    "/sign-in",
    "/register",
    "/forgot",
)


def safe_path(path: str, *, default: str = "/") -> str:
    r"""`path` if it is a page of ours, else `default`: never another site's address.

    >>> safe_path("/invoices?status=open"), safe_path("//evil.example"), safe_path("/\\evil")
    ('/invoices?status=open', '/', '/')
    """
    if len(path) > 500 or not _PAGE.fullmatch(path):
        return default
    page = path.partition("?")[0]
    is_ours = page == "/" or any(
        page == known.rstrip("/") or page.startswith(known.rstrip("/") + "/")
        for known in ALLOWED[1:]
    )
    return path if is_ours and ".." not in page else default
