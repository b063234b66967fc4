"""Signatures of webhooks: `t=<unix seconds>,v1=<hex hmac-sha256 of "<t>.<raw body>">`.

The signed instant must lie within 300 seconds of ours, so that a kept request cannot be replayed.
"""

import hashlib
import hmac
import re
from datetime import datetime

from shared.errors import Unauthenticated

TOLERANCE_S = 300
_HEADER = re.compile(r"t=(\d{1,12}),v1=([0-9a-f]{64})")


class SignatureInvalid(Unauthenticated):
    """The signature of the webhook is missing, wrong or out of date."""


def sign(body: bytes, secret: str, *, at: int) -> str:
    """The header value for these bytes at an instant in Unix seconds."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256)
    return f"t={at},v1={digest.hexdigest()}"


def check_signature(header: str, body: bytes, *, secret: str, now: datetime) -> None:
    """Raise `SignatureInvalid` unless the header signs exactly these bytes, about now.

    The comparison takes the same time wherever the values differ.
    """
    parts = _HEADER.fullmatch(header)
    if parts is None:
        raise SignatureInvalid()
    at = int(parts[1])
    is_equal = hmac.compare_digest(header.encode(), sign(body, secret, at=at).encode())
    if not is_equal or abs(int(now.timestamp()) - at) > TOLERANCE_S:
        raise SignatureInvalid()
