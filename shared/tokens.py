"""Signed tokens (JWT, EdDSA over Ed25519): who signs serves the public key as a JWKS.

The accounts service signs for users; every service signs its own calls to the others; the
operator's command line signs with the key whose public half stands in the settings.
"""

import binascii
import time
from base64 import urlsafe_b64decode
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import msgspec
import structlog
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from shared.clock import unix_now
from shared.errors import Unauthenticated, Unavailable
from shared.ids import new_id

ALGORITHM = "Ed25519"
INTERNAL = "internal"
OPERATOR = "operator"
KEYS_KEPT_S = 300.0
ASK_AGAIN_AFTER_S = 5.0
"""How often an issuer is asked, at most, for the new key that may have signed a token."""
SKEW_S = 5
TRUSTED_FOR_S = 30
CHECKED_KEPT = 10_000

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who calls: the issuer that vouches, and the user or service in whose name."""

    issuer: str
    subject: str
    scopes: frozenset[str]
    user_id: UUID | None = None
    account_id: UUID | None = None
    brand: str | None = None

    @property
    def actor(self) -> str:
        """How the log names the caller: `user:<id>`, `service:<name>` or `anonymous`."""
        return f"user:{self.user_id}" if self.user_id else self.subject


ANONYMOUS = Caller(issuer="", subject="anonymous", scopes=frozenset())


class Signer:
    """Signs tokens as `issuer` with a private Ed25519 JWK."""

    def __init__(self, issuer: str, key: Mapping[str, Any]) -> None:
        self.issuer = issuer
        self._key = OKPKey.import_key(dict(key))

    def jwks(self) -> dict[str, Any]:
        """The public key in the form of RFC 7517."""
        public = self._key.as_dict(private=False)
        return {"keys": [{**public, "kid": self._key.thumbprint(), "alg": ALGORITHM}]}

    def issue(
        self,
        audience: str,
        *,
        subject: str,
        scopes: Iterable[str],
        account_id: UUID | None = None,
        brand: str | None = None,
        ttl_s: int = 300,
    ) -> str:
        """A token for one audience (`*`: every service), valid for `ttl_s` seconds from now."""
        claims = {
            "iss": self.issuer,
            "aud": audience,
            "sub": subject,
            "scope": " ".join(sorted(scopes)),
            "iat": unix_now(),
            "exp": unix_now() + ttl_s,
            "jti": str(new_id()),
            **({"account": str(account_id)} if account_id else {}),
            **({"brand": brand} if brand else {}),
        }
        header = {"alg": ALGORITHM, "kid": self._key.thumbprint()}
        return jwt.encode(header, claims, self._key, algorithms=[ALGORITHM])


class Verifier:
    """Checks tokens for one audience against the keys of the issuers it knows."""

    def __init__(
        self,
        audience: str,
        *,
        peers: Mapping[str, Sequence[str]],
        operator_jwk: Mapping[str, Any],
    ) -> None:
        self._audience = audience
        self._peers = peers
        self._operator = [OKPKey.import_key(dict(operator_jwk))]
        self._kept: dict[str, tuple[float, list[OKPKey]]] = {}
        self._checked: OrderedDict[str, tuple[float, Caller]] = OrderedDict()

    async def check(self, token: str) -> Caller:
        """The caller that the token speaks for; `Unauthenticated` for any flaw of it.

        A token that was found good is not checked again for `TRUSTED_FOR_S`, or until it ends.
        """
        until, caller = self._checked.get(token, (0.0, None))
        if caller is None or until < unix_now():
            until, caller = await self._check(token)
            self._checked[token] = until, caller
            if len(self._checked) > CHECKED_KEPT:
                self._checked.popitem(last=False)
        return caller

    async def _check(self, token: str) -> tuple[float, Caller]:
        issuer = _claimed_issuer(token)
        claims = _claims_by(await self._keys(issuer), token)
        if claims is None and self._may_have_new_keys(issuer):
            self._kept.pop(issuer)
            claims = _claims_by(await self._keys(issuer), token)
        if claims is None:
            raise Unauthenticated()
        return min(claims["exp"], unix_now() + TRUSTED_FOR_S), self._caller(issuer, claims)

    def _may_have_new_keys(self, issuer: str) -> bool:
        """Whether to ask the issuer once more; not for every forgery."""
        kept = self._kept.get(issuer)
        return kept is not None and kept[0] - KEYS_KEPT_S + ASK_AGAIN_AFTER_S < time.monotonic()

    def _caller(self, issuer: str, claims: Mapping[str, Any]) -> Caller:
        if claims.get("aud") not in ("*", self._audience) or claims["exp"] < unix_now() - SKEW_S:
            raise Unauthenticated()
        scopes = frozenset(str(claims.get("scope", "")).split())
        if issuer == "accounts" and INTERNAL not in scopes:
            return Caller(
                issuer=issuer,
                subject=claims["sub"],
                scopes=scopes,
                user_id=UUID(claims["sub"]),
                account_id=UUID(claims["account"]) if "account" in claims else None,
                brand=claims.get("brand"),
            )
        return Caller(issuer=issuer, subject=f"service:{issuer}", scopes=scopes & {INTERNAL})

    async def _keys(self, issuer: str) -> list[OKPKey]:
        if issuer == OPERATOR:
            return self._operator
        if issuer not in self._peers:
            raise Unauthenticated()
        kept = self._kept.get(issuer)
        if kept is None or kept[0] < time.monotonic():
            kept = (time.monotonic() + KEYS_KEPT_S, await self._fetch_keys(issuer))
            self._kept[issuer] = kept
        return kept[1]

    async def _fetch_keys(self, issuer: str) -> list[OKPKey]:
        """From the first of the issuer's processes that answers; they all sign with one key."""
        for address in self._peers[issuer]:
            try:
                async with httpx.AsyncClient(timeout=5, trust_env=False) as http:
                    answer = await http.get(f"{address}/.well-known/jwks.json")
                    answer.raise_for_status()
            except httpx.HTTPError as error:
                log.warning("no keys", issuer=issuer, error=repr(error))
                continue
            return [OKPKey.import_key(key) for key in answer.json()["keys"]]
        raise Unavailable(what=issuer)


def _claims_by(keys: Iterable[OKPKey], token: str) -> Mapping[str, Any] | None:
    """What the token says, if one of the keys has signed it."""
    for key in keys:
        try:
            return jwt.decode(token, key, algorithms=[ALGORITHM]).claims
        except (JoseError, ValueError):
            continue
    return None


def _claimed_issuer(token: str) -> str:
    """The issuer that a token names, before anything in it is believed."""
    try:
        payload = token.split(".")[1]
        claims = msgspec.json.decode(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return str(claims["iss"])
    except (
        IndexError,
        KeyError,
        TypeError,
        binascii.Error,
        ValueError,
        msgspec.DecodeError,
    ) as error:
        raise Unauthenticated() from error
