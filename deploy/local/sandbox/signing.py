"""Webhook signatures of the sandboxes: `t=<unix>,v1=<hex hmac-sha256 of "<t>.<raw body>">`."""

import hashlib
import hmac


def signature(body: bytes, secret: str, *, at: int) -> str:
    """The header value for `body`, sent at `at` (Unix seconds).

    >>> signature(b"{}", "secret", at=1)[:10]
    't=1,v1=112'
    """
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256)
    return f"t={at},v1={digest.hexdigest()}"
