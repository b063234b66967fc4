"""Signatures of Stripe's webhooks: `t=<unix seconds>,v1=<hex hmac-sha256 of "<t>.<raw body>">,...`.

While a secret is replaced there are two: Stripe signs with each of its own, so the header may have
several `v1`, and we accept each of ours. Other schemes (`v0`) count for nothing.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from pydantic import SecretStr

from services.billing.webhooks.signature import SignatureInvalid

TOLERANCE_S = 300
_LONGEST_HEADER = 1000
"""A dozen signatures; what is longer is not looked into."""
_INSTANT = re.compile(r"[0-9]{1,12}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


def sign(body: bytes, secrets: Iterable[SecretStr], *, at: int) -> str:
    """The header for these bytes at an instant in Unix seconds, one signature for each secret."""
    return ",".join([f"t={at}", *(f"v1={_digest(body, secret, at=at)}" for secret in secrets)])


def check_signature(
    header: str, body: bytes, *, secrets: Sequence[SecretStr], now: datetime
) -> None:
    """Raise `SignatureInvalid` unless one of the secrets signed exactly these bytes, about now.

    Every pair of secret and signature is compared, in the same time wherever they differ.
    """
    at, given = _parts(header)
    is_signed = False
    for secret in secrets:
        expected = _digest(body, secret, at=at)
        for digest in given:
            is_signed |= hmac.compare_digest(digest, expected)
    if not is_signed or abs(int(now.timestamp()) - at) > TOLERANCE_S:
        raise SignatureInvalid()


def _parts(header: str) -> tuple[int, list[str]]:
    """The signed instant and the signatures of scheme v1."""
    if len(header) > _LONGEST_HEADER:
        raise SignatureInvalid()
    parts = [part.strip().partition("=") for part in header.split(",")]
    instants = [value for name, _, value in parts if name == "t"]
    digests = [value for name, _, value in parts if name == "v1" and _DIGEST.fullmatch(value)]
    if len(instants) != 1 or not _INSTANT.fullmatch(instants[0]) or not digests:
        raise SignatureInvalid()
    return int(instants[0]), digests


def _digest(body: bytes, secret: SecretStr, *, at: int) -> str:
    signed = f"{at}.".encode() + body
    return hmac.new(secret.get_secret_value().encode(), signed, hashlib.sha256).hexdigest()
