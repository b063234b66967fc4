"""Secrets of an installation: made once, kept in `secrets.json` that only its owner may read."""

import json
import secrets
from base64 import b64encode
from dataclasses import asdict, dataclass

from joserfc.jwk import OKPKey

from deploy.local.state import Home, read_json, write_json

SERVICES = ("accounts", "billing", "tickets", "notifications", "portal")
OPERATOR = "operator"
"""The issuer of what the `faktura` command asks of the services."""


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """Everything that must not be guessed. `signing_keys` are private JWKs (Ed25519) as JSON."""

    installation: str
    master_key: str
    signing_keys: dict[str, str]
    postgres_password: str
    owner_passwords: dict[str, str]
    app_passwords: dict[str, str]
    nats_passwords: dict[str, str]
    gateway_key: str
    gateway_webhook_secret: str
    panel_key: str
    panel_webhook_secret: str


def secrets_of(home: Home) -> Secrets:
    """The installation's secrets, made now if there are none."""
    path = home.folder / "secrets.json"
    kept = read_json(path)
    if kept is None:
        made = _make()
        write_json(path, asdict(made))
        return made
    return Secrets(**kept)


def public_key(private_jwk: str) -> str:
    """The public half of a signing key, as JSON."""
    key = OKPKey.import_key(json.loads(private_jwk))
    return json.dumps(key.as_dict(private=False))


def new_password() -> str:
    """192 random bits in letters, digits, `-` and `_`: safe in a URL and in SQL quotes."""
    return secrets.token_urlsafe(24)


def _make() -> Secrets:
    issuers = (*SERVICES, OPERATOR)
    return Secrets(
        installation=secrets.token_hex(4),
        master_key=b64encode(secrets.token_bytes(32)).decode(),
        signing_keys={issuer: _signing_key() for issuer in issuers},
        postgres_password=new_password(),
        owner_passwords={service: new_password() for service in SERVICES},
        app_passwords={service: new_password() for service in SERVICES},
        nats_passwords={service: new_password() for service in SERVICES},
        gateway_key=new_password(),
        gateway_webhook_secret=new_password(),
        panel_key=new_password(),
        panel_webhook_secret=new_password(),
    )


def _signing_key() -> str:
    return json.dumps(OKPKey.generate_key("Ed25519", private=True).as_dict(private=True))
