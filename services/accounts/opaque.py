"""Opaque tokens: 32 random bytes that only their holder knows; of each, the digest is stored."""

import hashlib
import hmac
import secrets

TOKEN_CHARACTERS = 43


def new_token() -> str:
    """256 random bits as 43 characters of URL-safe base64."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> bytes:
    """SHA-256: what is stored and looked up. A random token needs no salt."""
    return hashlib.sha256(token.encode()).digest()


def csrf_of(token: str) -> str:
    """A session's form token: derived, so that it is neither stored nor tells the session's."""
    return hmac.new(token.encode(), b"csrf", hashlib.sha256).hexdigest()
