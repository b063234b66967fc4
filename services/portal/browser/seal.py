"""Proof that a form comes from a page of ours, for visitors who have no session yet.

The browser holds a random cookie; the page's form holds the cookie's HMAC-SHA-256 under a key that
only the portal has. Signed-in users' forms carry the token of their session instead.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from services.portal.browser.refusals import FormExpired

_LABEL = b"faktura portal visitor form 1"
TRUSTED_SITES = frozenset({"same-origin", "none"})


class Seal:
    """Makes and checks visitors' form tokens."""

    def __init__(self, signing_key: Mapping[str, Any]) -> None:
        self._key = hmac.digest(str(signing_key["d"]).encode(), _LABEL, "sha256")

    def fresh_cookie(self) -> str:
        """A new random value for the visitor's cookie."""
        return secrets.token_urlsafe(24)

    def token(self, cookie: str) -> str:
        """What the forms of the browser with this cookie carry."""
        return hmac.new(self._key, cookie.encode(), hashlib.sha256).hexdigest()


def check_origin(request: Request) -> None:
    """`FormExpired` if the browser says that another site sent the form."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        if site not in TRUSTED_SITES:
            raise FormExpired()
        return
    origin = request.headers.get("origin")
    if origin is not None and origin.partition("://")[2] != request.headers.get("host"):
        raise FormExpired()


def check_token(given: str, expected: str) -> None:
    """`FormExpired` unless the form carries the page's token."""
    if not expected or not hmac.compare_digest(given.encode(), expected.encode()):
        raise FormExpired()
